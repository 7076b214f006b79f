/// All that is known of one method: how it was tuned and how it ended for every seed.
struct Measurement {
    let method: Method
    let settings: Settings
    let tuning: Tuning?
    /// One per seed.
    var outcomes: [Outcome] = []
    /// Norms over those of tuned gradient descent on the same ordering, one per seed.
    var ratios: [Double] = []

    var medianNorm: Double { median(outcomes.map(\.norm)) }
    var medianRatio: Double { median(ratios) }
    var worstRatio: Double { ratios.max() ?? .infinity }
    var seconds: Double { outcomes.reduce(0) { $0 + $1.seconds } }

    /// Whether the median ratio is at most the paper's; nil for a baseline.
    var holds: Bool? { method.target.map { medianRatio <= $0 } }

    /// Of the first seed.
    var curves: Curves { outcomes.first?.curves ?? Curves() }
}

/// The middle value; of an even number the upper middle one.
func median(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.sorted()[values.count / 2]
}
