/// How long this rank stayed in a reduction, in a form whose sum over ranks tells the shortest stay: the rank that came
/// last waited for nobody, so its stay is the transfer. min t ≈ (Σ t^−32)^(−1/32), at most a factor P^(1/32) too small
/// (1.14 for 64 ranks), for one number in a reduction that is made anyway.
struct SharedStay {
    private var seconds: Double?

    init(seconds: Double? = nil) {
        // Between limits whose powers Double holds.
        self.seconds = seconds.map { min(max($0, 1e-8), 1e6) }
    }

    var contribution: Double {
        guard var power = seconds else { return 0 }
        for _ in 0..<5 { power *= power }
        return 1 / power
    }

    /// The transfer's share of this rank's stay, from the sum of all contributions.
    func transfer(sum: Double) -> Double {
        guard let seconds, sum > 0, sum.isFinite else { return 0 }
        var root = 1 / sum
        for _ in 0..<5 { root = root.squareRoot() }
        return min(seconds, root)
    }
}
