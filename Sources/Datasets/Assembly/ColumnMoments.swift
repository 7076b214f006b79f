import Kernels
import MPI

/// Mean, spread and range of every column over all rows of all ranks, absent entries counted as zeros, in Double.
///
/// Two passes over the parsed rows: sums and extremes first, then squared deviations from the mean, in units of the
/// column's largest magnitude so that squares neither overflow nor vanish. Sums carry their rounding errors along
/// (`ColumnSums`): the moments, and so the scaled data, do not depend on how rows are spread over ranks and threads.
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
    private let communicator: any Communicator
    private let threads: Int

    public var columns: Range<Int> { mean.indices }

    public func isConstant(_ column: Int) -> Bool {
        minimum[column] == maximum[column] || (!standardDeviation.isEmpty && standardDeviation[column] == 0)
    }

    /// Nothing but zeros and ones, and both: then, of the values between them, σ² is as large as the mean allows. Needs
    /// deviations.
    public func isIndicator(_ column: Int) -> Bool {
        guard minimum[column] == 0, maximum[column] == 1 else { return false }
        let largest = mean[column] * (1 - mean[column])
        let variance = standardDeviation[column] * standardDeviation[column]
        return abs(variance - largest) <= 1e-9 * largest
    }

    public func maximumMagnitude(_ column: Int) -> Double { max(-minimum[column], maximum[column]) }

    /// Mean of x′_j² of every column once it is standardised, where the kind fixes that.
    func squares(after kind: StandardizationKind) -> [Double]? {
        guard kind.isCentred else { return nil }
        return columns.map { column in
            if kind == .mixed, isIndicator(column) { return mean[column] }
            return isConstant(column) ? 0 : 1
        }
    }

    /// Moments of the rows that are not kept for validation (all ranks call together). Entries beyond `columnCount` are
    /// not counted.
    init(
        _ blocks: [RowBlock], columnCount: Int, placement: RowPlacement, threads: Int, communicator: any Communicator
    ) throws {
        self.communicator = communicator
        // Every thread has its own sums; wide data does without.
        self.threads = columnCount > 1 << 20 ? 1 : threads
        let parts = (0..<self.threads).map { _ in FirstPass(columnCount) }
        ColumnMoments.forEach(blocks, placement, self.threads) { thread, view, rows in
            if let width = view.width { return parts[thread].add(view.dense(rows.lowerBound, width), rows: rows.count) }
            for row in rows { parts[thread].add(view, entries: view.entries(row, below: columnCount)) }
        }
        for part in parts.dropFirst() { parts[0].merge(part) }
        var rows = 0
        (rows, stored, maximum, minimum) = try parts[0].counts(communicator)
        let sums = try parts[0].sums.reduced(communicator)
        count = rows
        mean = Array(repeating: 0, count: columnCount)
        for column in 0..<columnCount {
            if stored[column] < Double(rows) {
                maximum[column] = max(maximum[column], 0)
                minimum[column] = min(minimum[column], 0)
            }
            // A constant column has its own value as mean, free of rounding.
            let isConstant = minimum[column] == maximum[column]
            mean[column] = isConstant ? minimum[column] : sums[column] / Double(max(rows, 1))
        }
    }

    /// The second pass, over the same rows.
    mutating func addDeviations(_ blocks: [RowBlock], placement: RowPlacement) throws {
        let columnCount = mean.count
        let means = AlignedBuffer(mean)
        let perUnit = AlignedBuffer(columns.map { maximumMagnitude($0) > 0 ? 1 / maximumMagnitude($0) : 1 })
        let parts = (0..<threads).map { _ in ColumnSums(columnCount) }
        ColumnMoments.forEach(blocks, placement, threads) { thread, view, rows in
            let sums = parts[thread]
            if let width = view.width {
                KernelSet.current.deviations(
                    view.dense(rows.lowerBound, width), rows: rows.count, columns: width, means: means.pointer,
                    perUnit: perUnit.pointer, sums: sums.sums.pointer, tails: sums.tails.pointer)
                return
            }
            for row in rows {
                for entry in view.entries(row, below: columnCount) {
                    let column = Int(view.columns[entry])
                    let deviation = (view.values[entry] - means.pointer[column]) * perUnit.pointer[column]
                    sums.add(deviation * deviation, column)
                }
            }
        }
        for part in parts.dropFirst() { parts[0].merge(part) }
        let squares = try parts[0].reduced(communicator)
        standardDeviation = columns.map { column in
            let zero = mean[column] * perUnit[column]
            let total = squares[column] + (Double(count) - stored[column]) * zero * zero
            return (total / Double(max(count, 1))).squareRoot() / perUnit[column]
        }
    }

    /// Calls `body(thread, view, rows)` for all rows that are not kept for validation, each thread on a share of each block.
    private static func forEach(
        _ blocks: [RowBlock], _ placement: RowPlacement, _ threads: Int,
        _ body: (Int, RowBlockView, Range<Int>) -> Void
    ) {
        for block in blocks {
            _ = block.withView { view in
                concurrently(threads) { thread in
                    let share = view.rows * thread / threads..<view.rows * (thread + 1) / threads
                    var start = share.lowerBound
                    if placement.hasValidation {
                        for row in share where placement.isValidation(block.firstRow + row) {
                            if start < row { body(thread, view, start..<row) }
                            start = row + 1
                        }
                    }
                    if start < share.upperBound { body(thread, view, start..<share.upperBound) }
                }
            }
        }
    }
}

/// Sums, counts and extremes of one thread's rows.
private final class FirstPass {
    let sums: ColumnSums
    private var rows = 0
    private let stored: AlignedBuffer<Double>
    /// Largest value and largest negated value of each column.
    private let extremes: AlignedBuffer<Double>
    private let columns: Int

    init(_ columns: Int) {
        self.columns = columns
        sums = ColumnSums(columns)
        stored = AlignedBuffer(count: columns)
        extremes = AlignedBuffer([Double](repeating: -.infinity, count: 2 * columns))
    }

    @inline(__always)
    func add(_ view: RowBlockView, entries: Range<Int>) {
        rows += 1
        let highest = extremes.pointer
        let lowest = extremes.pointer + columns
        for entry in entries {
            let column = Int(view.columns[entry])
            let value = view.values[entry]
            sums.add(value, column)
            stored.pointer[column] += 1
            highest[column] = max(highest[column], value)
            lowest[column] = max(lowest[column], -value)
        }
    }

    /// Dense rows.
    func add(_ values: UnsafePointer<Double>, rows count: Int) {
        rows += count
        KernelSet.current.moments(
            values, rows: count, columns: columns, sums: sums.sums.pointer, tails: sums.tails.pointer,
            highest: extremes.pointer, lowest: extremes.pointer + columns, stored: stored.pointer)
    }

    func merge(_ other: FirstPass) {
        rows += other.rows
        sums.merge(other.sums)
        for column in 0..<columns { stored[column] += other.stored[column] }
        for index in 0..<2 * columns { extremes[index] = max(extremes[index], other.extremes[index]) }
    }

    /// Over all ranks: rows, stored entries, largest and smallest value of each column.
    func counts(
        _ communicator: any Communicator
    ) throws -> (rows: Int, stored: [Double], maximum: [Double], minimum: [Double]) {
        let counts = try communicator.allreduce(Array(stored.elements) + [Double(rows)], .sum)
        let all = try communicator.allreduce(Array(extremes.elements), .maximum)
        return (Int(counts[columns]), Array(counts[..<columns]), Array(all[..<columns]), all[columns...].map { -$0 })
    }
}
