import Platform

/// Student's t distribution.
package enum Student {
    /// Beyond this many degrees of freedom the distribution is the normal one, to 1e-3 of its quantiles.
    private static let mostDegrees = 1000

    /// P(|T| ≤ t), as a finite sum (Abramowitz & Stegun 26.7.3 and 26.7.4); `degrees` of freedom, from 1.
    package static func within(_ t: Double, degrees: Int) -> Double {
        let degrees = min(max(degrees, 1), mostDegrees)
        let angle = atan(t / Double(degrees).squareRoot())
        let (sine, cosine) = (sin(angle), cos(angle))
        let isOdd = degrees % 2 == 1
        guard degrees > 1 else { return 2 * angle / .pi }
        var term = isOdd ? cosine : 1
        var sum = term
        var index = isOdd ? 3 : 2
        while index <= degrees - 2 {
            term *= cosine * cosine * Double(index - 1) / Double(index)
            sum += term
            index += 2
        }
        return isOdd ? 2 / .pi * (angle + sine * sum) : sine * sum
    }

    /// The t with P(|T| ≤ t) = `share`, from 0 to below 1.
    package static func quantile(within share: Double, degrees: Int) -> Double {
        var (low, high) = (0.0, 1.0)
        while within(high, degrees: degrees) < share, high < 1e9 { high *= 2 }
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if within(middle, degrees: degrees) < share { low = middle } else { high = middle }
        }
        return high
    }
}

/// How far values lie from their mean: the sum of squares, and on how many independent deviations it rests.
package struct Deviation: Equatable, Sendable {
    package var squares = 0.0
    package var degrees = 0

    package var variance: Double { degrees > 0 ? squares / Double(degrees) : 0 }

    package init() {}

    package init(_ values: [Double]) {
        guard values.count > 1, let mean = Statistics.mean(values) else { return }
        squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        degrees = values.count - 1
    }

    package mutating func add(_ other: Deviation) {
        squares += other.squares
        degrees += other.degrees
    }
}
