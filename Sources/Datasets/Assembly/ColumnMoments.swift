import MPI

/// Mean, spread and range of every column over all rows of all ranks, absent entries counted as zeros, in Double.
///
/// Two passes over the parsed rows: sums and extremes first, then squared deviations from the mean, in units of the
/// column's largest magnitude so that squares neither overflow nor vanish. D doubles a reduction.
public struct ColumnMoments: Sendable {
    /// Number of rows, N.
    public private(set) var count: Int
    public private(set) var mean: [Double]
    public private(set) var minimum: [Double]
    public private(set) var maximum: [Double]
    /// √(1/N Σ (x − mean)²); empty until `addDeviations`.
    public private(set) var standardDeviation: [Double] = []
    /// Rows with a stored entry.
    private var stored: [Double]

    public var columns: Range<Int> { mean.indices }

    public func isConstant(_ column: Int) -> Bool {
        minimum[column] == maximum[column] || (!standardDeviation.isEmpty && standardDeviation[column] == 0)
    }

    public func maximumMagnitude(_ column: Int) -> Double { max(-minimum[column], maximum[column]) }

    /// Moments of the rows for which `isIncluded` holds (all ranks call together). Entries beyond `columnCount` are not
    /// counted.
    init(
        _ blocks: [RowBlock], columnCount: Int, communicator: any Communicator,
        isIncluded: (_ block: Int, _ row: Int) -> Bool
    ) throws {
        // Sums, number of stored entries, and at the end the number of rows, in one reduction.
        var sums = [Double](repeating: 0, count: 2 * columnCount + 1)
        var extremes = [Double](repeating: -.infinity, count: 2 * columnCount)
        for (index, block) in blocks.enumerated() {
            for row in 0..<block.rows where isIncluded(index, row) {
                sums[2 * columnCount] += 1
                for entry in block.rowOffsets[row]..<block.rowOffsets[row + 1] {
                    let column = Int(block.columns[entry])
                    guard column < columnCount else { break }
                    let value = block.values[entry]
                    sums[column] += value
                    sums[columnCount + column] += 1
                    extremes[column] = max(extremes[column], value)
                    extremes[columnCount + column] = max(extremes[columnCount + column], -value)
                }
            }
        }
        sums = try communicator.allreduce(sums, .sum)
        extremes = try communicator.allreduce(extremes, .maximum)
        let rows = sums[2 * columnCount]
        count = Int(rows)
        stored = Array(sums[columnCount..<2 * columnCount])
        maximum = Array(extremes[..<columnCount])
        minimum = extremes[columnCount...].map { -$0 }
        mean = Array(repeating: 0, count: columnCount)
        for column in 0..<columnCount {
            if stored[column] < rows {
                maximum[column] = max(maximum[column], 0)
                minimum[column] = min(minimum[column], 0)
            }
            // A constant column has its own value as mean, free of rounding.
            let isConstant = minimum[column] == maximum[column]
            mean[column] = isConstant ? minimum[column] : sums[column] / max(rows, 1)
        }
    }

    /// The second pass, over the same rows.
    mutating func addDeviations(
        _ blocks: [RowBlock], communicator: any Communicator, isIncluded: (_ block: Int, _ row: Int) -> Bool
    ) throws {
        let columnCount = mean.count
        let units = columns.map { maximumMagnitude($0) > 0 ? maximumMagnitude($0) : 1 }
        var squares = [Double](repeating: 0, count: columnCount)
        for (index, block) in blocks.enumerated() {
            for row in 0..<block.rows where isIncluded(index, row) {
                for entry in block.rowOffsets[row]..<block.rowOffsets[row + 1] {
                    let column = Int(block.columns[entry])
                    guard column < columnCount else { break }
                    let deviation = (block.values[entry] - mean[column]) / units[column]
                    squares[column] += deviation * deviation
                }
            }
        }
        squares = try communicator.allreduce(squares, .sum)
        standardDeviation = columns.map { column in
            let zero = mean[column] / units[column]
            let total = squares[column] + (Double(count) - stored[column]) * zero * zero
            return units[column] * (total / Double(max(count, 1))).squareRoot()
        }
    }
}
