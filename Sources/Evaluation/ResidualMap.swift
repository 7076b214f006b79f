import MPI
import Platform

/// Residuals (label − prediction) against predictions, counted on a grid. Rows count by their weights.
package struct ResidualMap: Equatable {
    /// Cells along each axis.
    package static let cells = 40
    /// Residuals further out than this many RMSE are counted in the outermost cells.
    package static let widest = 5.0
    private static let fineCells = 4000
    package static let levels = [0.05, 0.25, 0.5, 0.75, 0.95]

    package private(set) var predictions: ClosedRange<Double>
    package private(set) var residuals: ClosedRange<Double>
    /// cells × cells; a row for each stretch of residuals, lowest first.
    package private(set) var counts: [Double]
    /// Residuals below which 5, 25, 50, 75 and 95 % of the rows lie.
    package private(set) var quantiles: [Double]

    /// One row.
    package struct Value {
        package var prediction: Double
        package var residual: Double
        package var weight: Float
    }

    /// Collective.
    /// - Parameter values: this rank's rows.
    package init(_ values: [Value], rmse: Double, communicator: any Communicator) throws {
        // Minima as maxima of what is negated: one reduction.
        var ends = [Double](repeating: -.infinity, count: 4)
        for value in values {
            ends[0] = max(ends[0], -value.prediction)
            ends[1] = max(ends[1], value.prediction)
            ends[2] = max(ends[2], -value.residual)
            ends[3] = max(ends[3], value.residual)
        }
        ends = try communicator.allreduce(ends, .maximum)
        let limit = Self.widest * rmse
        predictions = Self.range(-ends[0], ends[1])
        residuals = Self.range(max(-ends[2], -limit), min(ends[3], limit))
        let cells = Self.cells
        var sums = [Double](repeating: 0, count: cells * cells + Self.fineCells)
        for value in values {
            let column = Self.place(value.prediction, in: predictions, of: cells)
            let row = Self.place(value.residual, in: residuals, of: cells)
            let fine = Self.place(value.residual, in: residuals, of: Self.fineCells)
            sums[row * cells + column] += Double(value.weight)
            sums[cells * cells + fine] += Double(value.weight)
        }
        sums = try communicator.allreduce(sums, .sum)
        counts = Array(sums[..<(cells * cells)])
        quantiles = Self.quantiles(sums[(cells * cells)...], in: residuals)
    }

    package var json: JSON {
        .object([
            ("predictions", .array([.number(predictions.lowerBound), .number(predictions.upperBound)])),
            ("residuals", .array([.rounded(residuals.lowerBound, 7), .rounded(residuals.upperBound, 7)])),
            (
                "counts",
                .array(
                    (0..<Self.cells).map { row in
                        .array((0..<Self.cells).map { .amount(counts[row * Self.cells + $0]) })
                    })
            ),
            (
                "quantiles",
                .array(
                    zip(Self.levels, quantiles).map {
                        .object([("level", .number($0)), ("residual", .rounded($1, 4))])
                    })
            ),
        ])
    }

    /// What `json` wrote.
    init?(json: JSON) {
        func numbers(_ key: String) -> [Double] { json[key]?.array?.compactMap(\.double) ?? [] }
        let (x, y) = (numbers("predictions"), numbers("residuals"))
        let rows = json["counts"]?.array?.map { ($0.array ?? []).map { $0.double ?? 0 } } ?? []
        guard x.count == 2, x[0] < x[1], y.count == 2, y[0] < y[1], rows.count == Self.cells,
            rows.allSatisfy({ $0.count == Self.cells })
        else { return nil }
        predictions = x[0]...x[1]
        residuals = y[0]...y[1]
        counts = Array(rows.joined())
        quantiles = json["quantiles"]?.array?.compactMap { $0["residual"]?.double } ?? []
    }

    private static func range(_ lower: Double, _ upper: Double) -> ClosedRange<Double> {
        guard lower.isFinite, upper.isFinite, lower < upper else {
            let middle = lower.isFinite ? lower : 0
            let room = max(1, middle.magnitude) * 1e-3
            return middle - room...middle + room
        }
        return lower...upper
    }

    private static func place(_ value: Double, in range: ClosedRange<Double>, of cells: Int) -> Int {
        guard value.isFinite else { return value > 0 ? cells - 1 : 0 }
        let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        return min(cells - 1, max(0, Int(min(1, max(0, share)) * Double(cells))))
    }

    private static func quantiles(_ counts: ArraySlice<Double>, in range: ClosedRange<Double>) -> [Double] {
        let all = counts.reduce(0, +)
        let width = (range.upperBound - range.lowerBound) / Double(counts.count)
        return levels.map { level in
            var below = 0.0
            for (place, count) in counts.enumerated() {
                if below + count >= level * all, count > 0 {
                    return range.lowerBound + width * (Double(place) + (level * all - below) / count)
                }
                below += count
            }
            return range.upperBound
        }
    }
}
