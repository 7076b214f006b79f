import Platform

/// Values of λ to choose from, the largest first.
package struct PenaltyGrid: Sendable, Equatable {
    package let values: [Double]

    /// Larger ones are none: a Float could not hold what they do to coefficients.
    package static let most = 1e30

    /// - Parameter values: in any order, above 0, none twice.
    package init(_ values: [Double]) { self.values = values.sorted(by: >) }

    /// Powers of ten, from where the penalty holds most of the coefficients down to where it holds none.
    ///
    /// The curvature of a loss along w is at most about E‖x‖² ‖w‖², and mostly a small part of that: a search that finds the
    /// largest value best goes up from there. At a thousandth of 1/N a penalty counts for less than a thousandth of a row.
    ///
    /// - Parameters:
    ///   - rows: N.
    ///   - squaredNorm: E‖x‖².
    package init(decadesFor rows: Int, squaredNorm: Double) {
        let high = squaredNorm.isNormal && squaredNorm > 0 ? min(max(squaredNorm, 1e-20), Self.most) : 1
        let first = high.decade - 1
        let last = min((1e-3 / Double(max(1, rows))).decade, first - 2)
        values = stride(from: first, through: last, by: -1).map { Self.rounded(Double("1e\($0)") ?? 1) }
    }

    /// As people write it: 0.02 and not ten times a rounded 0.002.
    static func rounded(_ value: Double) -> Double { Double(NumberFormat.significant(value, 3)) ?? value }
}

extension Double {
    /// The e with 10^e ≤ self < 10^(e + 1), of a number above 0.
    fileprivate var decade: Int {
        func power(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? .infinity }
        var exponent = 0
        while power(exponent) > self { exponent -= 1 }
        while power(exponent + 1) <= self { exponent += 1 }
        return exponent
    }
}
