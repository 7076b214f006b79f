import Platform

/// How one coordinate of a plot is laid out: its scale, its range and its ticks.
///
/// A coordinate is placed by `fraction`, 0 at the lower end of the axis and 1 at the upper one. The range is widened to
/// whole ticks (linear) or left as it is (logarithmic).
public struct SVGAxis: Sendable, Equatable {
    public enum Scale: String, Sendable { case linear, logarithmic }

    public struct Tick: Sendable, Equatable {
        public var value: Double
        /// Nil for a minor tick.
        public var label: String?
    }

    public let scale: Scale
    public let lower: Double
    public let upper: Double
    public let ticks: [Tick]

    /// An axis for `values`; those it cannot show (not finite, beyond 10^±100; ≤ 0 on a logarithmic scale) are passed over.
    /// - Parameter isTight: ends a linear axis at the data instead of at a whole tick.
    public init(_ scale: Scale, values: some Sequence<Double>, isTight: Bool = false) {
        var smallest = Double.infinity
        var largest = -Double.infinity
        for value in values where Self.shows(value, scale) {
            smallest = min(smallest, value)
            largest = max(largest, value)
        }
        if smallest > largest { (smallest, largest) = scale == .linear ? (0, 1) : (1, 10) }
        self.scale = scale
        switch scale {
        case .linear:
            // Values that are all alike, or so nearly that a step between them is lost beside them.
            if largest - smallest <= 1e-12 * max(largest.magnitude, smallest.magnitude) {
                let room = max(0.5, 1e-3 * largest.magnitude)
                (smallest, largest) = (smallest - room, largest + room)
            }
            let step = Self.niceStep((largest - smallest) / 5)
            lower = isTight ? smallest : (smallest / step).rounded(.down) * step
            upper = isTight ? largest : (largest / step).rounded(.up) * step
            ticks = Self.linearTicks(lower, upper, step)
        case .logarithmic:
            // A little room keeps curves off the frame, and a flat curve visible.
            let room = max(0.03 * (log10(largest) - log10(smallest)), 0.04)
            lower = Self.powerOfTen(log10(smallest) - room)
            upper = Self.powerOfTen(log10(largest) + room)
            ticks = Self.logarithmicTicks(lower, upper)
        }
    }

    /// Where `value` lies along the axis; nil when it cannot be shown.
    public func fraction(_ value: Double) -> Double? {
        guard Self.shows(value, scale) else { return nil }
        switch scale {
        case .linear: return (value - lower) / (upper - lower)
        case .logarithmic: return (log10(value) - log10(lower)) / (log10(upper) - log10(lower))
        }
    }

    /// Sums and powers of what is shown stay finite.
    private static func shows(_ value: Double, _ scale: Scale) -> Bool {
        switch scale {
        case .linear: value.magnitude <= 1e100
        case .logarithmic: value >= 1e-100 && value <= 1e100
        }
    }

    private static func linearTicks(_ lower: Double, _ upper: Double, _ step: Double) -> [Tick] {
        let first = Int((lower / step - 1e-9).rounded(.up))
        let last = Int((upper / step + 1e-9).rounded(.down))
        return (first...max(first, last)).map {
            Tick(value: Double($0) * step, label: NumberFormat.significant(Double($0) * step, 6))
        }
    }

    /// Powers of ten carry labels (every second or third one when there are many), 2 … 9 times them are minor; over less
    /// than two decades 2 and 5 carry labels too.
    private static func logarithmicTicks(_ lower: Double, _ upper: Double) -> [Tick] {
        let first = Int(log10(lower).rounded(.down))
        let last = Int(log10(upper).rounded(.up))
        let decades = log10(upper) - log10(lower)
        let stride = max(1, Int((decades / 8).rounded(.up)))
        var ticks: [Tick] = []
        for exponent in first...last {
            for digit in 1...9 {
                let value = Double(digit) * powerOfTen(Double(exponent))
                guard value >= lower, value <= upper else { continue }
                if digit == 1, exponent % stride == 0 {
                    let isPlain = decades < 3 && exponent > -4 && exponent < 6
                    ticks.append(
                        Tick(value: value, label: isPlain ? NumberFormat.significant(value, 3) : power(exponent)))
                } else if decades < 2, digit == 2 || digit == 5 {
                    ticks.append(Tick(value: value, label: NumberFormat.significant(value, 3)))
                } else if stride == 1 {
                    ticks.append(Tick(value: value, label: nil))
                }
            }
        }
        return ticks
    }

    /// 1, 2 or 5 times a power of ten, at least `rough`.
    private static func niceStep(_ rough: Double) -> Double {
        let power = powerOfTen(log10(rough).rounded(.down))
        for factor in [1.0, 2, 5] where factor * power >= rough * 0.999 { return factor * power }
        return 10 * power
    }

    /// "10⁻³".
    private static func power(_ exponent: Int) -> String {
        let superscripts = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        let digits = String(exponent.magnitude).compactMap(\.wholeNumberValue).map { String(superscripts[$0]) }
        return "10" + (exponent < 0 ? "⁻" : "") + digits.joined()
    }

    private static func powerOfTen(_ exponent: Double) -> Double { pow(10, exponent) }
}
