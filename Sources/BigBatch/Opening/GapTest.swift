/// What a stratified sample says of the objective at x.
///
/// With N_h rows in stratum h, n_h of them used by steps before and m_h new ones, the gradient of the sample's objective is
/// ∇ℓ_S = Σ_h N_h/(N (n_h + m_h)) Σ ∇f + λw, from which steps are made. It is not an unbiased estimate of ∇ℓ(x): x was fitted to
/// the used rows. That is ĝ = Σ_h (Σ_used ∇f + (N_h − n_h)/m_h Σ_new ∇f)/N + λw, with the covariance of its second part,
/// Σ_h ((N_h − n_h)/N)² (V_h/m_h)(1 − m_h/(N_h − n_h)), estimated from blocks of the new rows less the means of their strata.
struct SampleView {
    /// Rows, and how many of them are new.
    var rows = 0
    var freshRows = 0
    /// Loss and gradient of the sample's objective, regulariser included.
    var loss = 0.0
    var gradient: [Double] = []
    /// ĝ; empty without new rows.
    var unbiased: [Double] = []
    /// A block each: their outer products add up to the covariance of ĝ, about.
    var deviations: [[Double]] = []
    /// A stratum has rows that were not seen, but none that are new: ĝ says nothing of them.
    var lacksNewRows = false
    /// The sample misses a stratum, or its sums are no numbers.
    var isBroken = false

    /// Of no rows.
    static let none = SampleView(SampleSums(used: [], fresh: []), sizes: [], penalty: (0, []), parameterCount: 0)

    /// - Parameters:
    ///   - sizes: N_h.
    ///   - penalty: (λ/2)‖w‖², and λw (shorter than the gradient where the last parameters are not penalised).
    init(_ sums: SampleSums, sizes: [Int], penalty: (value: Double, gradient: [Double]), parameterCount: Int) {
        let population = Double(sizes.reduce(0, +))
        gradient = [Double](repeating: 0, count: parameterCount)
        let hasFresh = !sums.fresh.isEmpty
        if hasFresh {
            unbiased = gradient
            deviations = [[Double]](repeating: gradient, count: SampleSegment.blocks)
        }
        for h in sizes.indices where sizes[h] > 0 {
            let used = sums.used[h]
            var fresh = StratumSums()
            if hasFresh { for block in sums.fresh[h] where block.count > 0 { fresh.add(block) } }
            let seen = used.count + fresh.count
            guard seen > 0 else {
                isBroken = true
                continue
            }
            rows += seen
            freshRows += fresh.count
            let weight = Double(sizes[h]) / (population * Double(seen))
            loss += weight * (used.loss + fresh.loss)
            Self.add(weight, used.gradient, to: &gradient)
            Self.add(weight, fresh.gradient, to: &gradient)
            guard hasFresh else { continue }
            Self.add(1 / population, used.gradient, to: &unbiased)
            let rest = Double(sizes[h] - used.count)
            guard fresh.count > 0 else {
                lacksNewRows = lacksNewRows || rest > 0
                continue
            }
            let (count, own) = (Double(fresh.count), rest / (population * Double(fresh.count)))
            Self.add(own, fresh.gradient, to: &unbiased)
            // Drawn without replacement they leave the less to chance; blocks less their mean vary less than blocks.
            let left = max(0, 1 - count / rest)
            let kept = 1 - sums.fresh[h].reduce(0) { $0 + Double($1.count * $1.count) } / (count * count)
            guard left > 0 else { continue }
            // Rows of one block have no mean but their own to be compared with: then all that they add counts as noise.
            let centre = kept > 0 ? 1 / count : 0
            let scale = own * (left / (kept > 0 ? kept : 1)).squareRoot()
            for (index, block) in sums.fresh[h].enumerated() where block.count > 0 {
                Self.add(scale, block.gradient, to: &deviations[index])
                Self.add(-scale * Double(block.count) * centre, fresh.gradient, to: &deviations[index])
            }
        }
        loss += penalty.value
        Self.add(1, penalty.gradient, to: &gradient)
        if hasFresh { Self.add(1, penalty.gradient, to: &unbiased) }
        isBroken = isBroken || !loss.isFinite || gradient.contains { !$0.isFinite }
    }

    private static func add(_ factor: Double, _ values: [Double], to target: inout [Double]) {
        for j in values.indices { target[j] += factor * values[j] }
    }
}

/// Whether a gap of the tolerance can be ruled out from a sample, with P = (∇²ℓ)⁻¹ about.
///
/// U = ½(‖ĝ‖²_P − tr PΣ̂) is an unbiased estimate of ½‖∇ℓ‖²_P, near the optimum the gap ℓ(x) − ℓ*. Were the gap δ, its variance would
/// be ½ tr (PΣ)² + gᵀPΣPg with ‖g‖²_P = 2δ. The hypothesis that the gap is δ or more is rejected where
/// U + z √variance ≤ δ; a chi-square's lower tail is lighter than the normal one that z is taken from.
struct GapTest: Equatable, Codable {
    /// New rows.
    private var freshRows = 0
    /// U.
    var gap = 0.0
    /// tr PΣ̂.
    var noise = 0.0
    /// ½ tr (PΣ̂)².
    private var variance = 0.0
    /// gᵀPΣ̂Pg/‖g‖²_P: the largest of what ĝ's own direction says and the mean over all.
    private var spread = 0.0

    /// The share of runs that may stop with a gap above δ, all looks together, is 1 − `confidence`: look k has (1 − confidence)/(k(k + 1))
    /// of it, z is its quantile.
    static let confidence = 0.99
    private static let quantiles = [2.5758, 2.9352, 3.1440, 3.2905, 3.4029, 3.4939, 3.5703, 3.6358]

    /// - Parameter product: P g.
    init(_ view: SampleView, product: ([Double]) -> [Double]) {
        freshRows = view.freshRows
        guard !view.deviations.isEmpty else { return }
        let scaled = view.deviations.map(product)
        let pg = product(view.unbiased)
        let norm = Self.dot(view.unbiased, pg)
        var along = 0.0
        var squares = 0.0
        for (b, deviation) in view.deviations.enumerated() {
            noise += Self.dot(deviation, scaled[b])
            let slope = Self.dot(deviation, pg)
            along += slope * slope
            for c in 0..<b {
                let product = Self.dot(deviation, scaled[c])
                squares += 2 * product * product
            }
        }
        // Products of a block with itself are left out: they would add what is noise in it to what repeats.
        squares *= Double(SampleSegment.blocks) / Double(SampleSegment.blocks - 1)
        gap = (norm - noise) / 2
        variance = squares / 2
        spread = max(norm > 0 ? along / norm : 0, noise > 0 ? squares / noise : 0)
    }

    /// The standard deviation of U were the gap δ.
    func deviation(atGap delta: Double) -> Double { (variance + 2 * delta * spread).squareRoot() }

    /// New rows after which a first look would most likely pass, were the gap `share` of δ.
    func rows(toSee share: Double, of delta: Double) -> Double {
        // (1 − share) δ = (z + 1.4) √(variance r² + 2δ spread r), r by how much the rows are fewer.
        let goal = (1 - share) * delta / (Self.quantiles[0] + 1.4)
        let half = delta * spread
        let ratio = variance > 0 ? ((half * half + variance * goal * goal).squareRoot() - half) / variance : 0
        return ratio > 0 ? Double(freshRows) / ratio : .infinity
    }

    /// A bound on the gap that holds with the confidence of this look, where it is within δ.
    /// - Parameter look: counted from 0.
    func bound(against delta: Double, look: Int) -> Double? {
        guard look < Self.quantiles.count, noise > 0 else { return nil }
        let bound = max(gap, 0) + Self.quantiles[look] * deviation(atGap: delta)
        return bound <= delta ? bound : nil
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for j in a.indices { sum += a[j] * b[j] }
        return sum
    }
}
