import Datasets
import Kernels

/// The columns that the rows of a batch have values in, those of this rank and, once the ranks have told each other, those of all
/// ranks within this rank's part: sums travel for these only.
final class TouchedColumns {
    /// First position and number of rows of the batch.
    let start: Int
    let count: Int
    /// Of this rank's rows; nil: all.
    let touched: AlignedBuffer<Int32>?
    /// Of this rank's own part: their sums stay.
    private(set) var own = AlignedBuffer<Int32>(count: 0)
    /// Of other ranks' parts, those whose sums travel as Doubles and as whole numbers.
    private(set) var whole = Columns()
    private(set) var short = Columns()
    private var (areSorted, areExchanged) = (false, false)

    /// Columns whose sums travel in one form, in their order.
    struct Columns {
        /// To whom the sums go, and how many columns to each.
        private(set) var sent = AlignedBuffer<Int32>(count: 0)
        private(set) var sentCounts: [Int] = []
        /// From whom sums come, one rank after the other.
        private(set) var received = AlignedBuffer<Int32>(count: 0)
        private(set) var receivedCounts: [Int] = []

        init() {}

        init(_ list: [Int32], classes: Int, parts: Parts) {
            sent = AlignedBuffer(list)
            var next = 0
            sentCounts = parts.ranges.map { range in
                let first = next
                while next < list.count, Int(list[next]) * classes < range.upperBound { next += 1 }
                return next - first
            }
        }

        mutating func exchange(_ reducer: Reducer) throws {
            let ones = sentCounts.map { _ in 1 }
            receivedCounts = ones
            try sentCounts.withUnsafeBufferPointer { sent in
                try receivedCounts.withUnsafeMutableBufferPointer { try reducer.exchange(sent, ones, $0, ones) }
            }
            received = AlignedBuffer(count: receivedCounts.reduce(0, +))
            try reducer.exchange(UnsafeBufferPointer(sent.elements), sentCounts, received.elements, receivedCounts)
        }
    }

    init(start: Int, count: Int, rows: Batch, of features: FeatureMatrix) {
        (self.start, self.count) = (start, count)
        guard case .sparse(let matrix) = features else {
            touched = nil
            return
        }
        var isTouched = [Bool](repeating: false, count: matrix.columns)
        for index in 0..<rows.rangeCount {
            let range = rows.range(index)
            if range.isEmpty { continue }
            for k in matrix.rowOffsets.pointer[range.lowerBound]..<matrix.rowOffsets.pointer[range.upperBound] {
                isTouched[Int(matrix.columnIndices.pointer[k])] = true
            }
        }
        touched = AlignedBuffer((0..<matrix.columns).filter { isTouched[$0] }.map { Int32($0) })
    }

    /// Sorts them by form and rank, once.
    func sort(columns: Int, classes: Int, units: SumUnits?, parts: Parts) {
        guard !areSorted else { return }
        areSorted = true
        let all = touched.map { Array($0.elements) } ?? (0..<Int32(columns)).map { $0 }
        own = AlignedBuffer(all.filter { parts.own.contains(Int($0) * classes) })
        let others = all.filter { !parts.own.contains(Int($0) * classes) }
        func isShort(_ column: Int32) -> Bool { units?.isShort(Int(column)) ?? false }
        whole = Columns(others.filter { !isShort($0) }, classes: classes, parts: parts)
        short = Columns(others.filter(isShort), classes: classes, parts: parts)
    }

    /// Tells the ranks, once. Collective.
    func exchange(_ reducer: Reducer) throws {
        guard !areExchanged else { return }
        areExchanged = true
        try whole.exchange(reducer)
        try short.exchange(reducer)
    }
}
