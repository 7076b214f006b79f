/// A sum as an unevaluated pair of doubles, so that its rounding (about 2⁻¹⁰⁰) does not show in a mean whatever the order of
/// adding.
struct CompensatedSum: Codable, Sendable {
    private var high = 0.0
    private var low = 0.0

    init() {}

    init(_ high: Double, _ low: Double) { (self.high, self.low) = (high, low) }

    mutating func add(_ value: Double) { add(value, 0) }

    mutating func add(_ other: CompensatedSum) { add(other.high, other.low) }

    private mutating func add(_ value: Double, _ rest: Double) {
        let total = high + value
        let part = total - high
        low += (high - (total - part)) + (value - part) + rest
        high = total
    }

    /// Divided by `count`, cut to 40 significant bits (1e-12); 0 when there are none.
    func mean(of count: Int) -> Double {
        let exact = (high + low) / Double(max(count, 1))
        guard exact.isFinite else { return 0 }
        return Double(bitPattern: (exact.bitPattern &+ 1 << 12) & ~(1 << 13 - 1))
    }
}
