import Datasets
import Kernels
import MPI

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
    /// Of other ranks' parts.
    private(set) var whole: Columns?
    private(set) var short: Columns?
    private var areExchanged = false

    /// Columns whose sums travel in one form, in their order.
    struct Columns {
        /// To whom the sums go, and how many columns to each.
        let sent: AlignedBuffer<Int32>
        let sentCounts: [Int]
        /// From whom sums come, one rank after the other.
        private(set) var received = AlignedBuffer<Int32>(count: 0)
        private(set) var receivedCounts: [Int] = []

        init(_ list: [Int32], classes: Int, parts: Parts) {
            sent = AlignedBuffer(list)
            var next = 0
            sentCounts = parts.ranges.map { range in
                let first = next
                while next < list.count, Int(list[next]) * classes < range.upperBound { next += 1 }
                return next - first
            }
        }

        mutating func exchange(_ communicator: any Communicator) throws {
            let ones = sentCounts.map { _ in 1 }
            let counts = AlignedBuffer<Int>(count: ones.count)
            try sentCounts.withUnsafeBufferPointer {
                try communicator.alltoallv($0, sendCounts: ones, into: counts.elements, receiveCounts: ones)
            }
            receivedCounts = Array(counts.elements)
            received = AlignedBuffer(count: receivedCounts.reduce(0, +))
            try communicator.alltoallv(
                UnsafeBufferPointer(sent.elements), sendCounts: sentCounts, into: received.elements,
                receiveCounts: receivedCounts)
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
        guard whole == nil else { return }
        let all = touched.map { Array($0.elements) } ?? (0..<Int32(columns)).map { $0 }
        own = AlignedBuffer(all.filter { parts.own.contains(Int($0) * classes) })
        let list = all.filter { !parts.own.contains(Int($0) * classes) }
        whole = Columns(list.filter { units?.isShort(Int($0)) != true }, classes: classes, parts: parts)
        short = units.map { units in
            Columns(list.filter { units.isShort(Int($0)) }, classes: classes, parts: parts)
        }
    }

    /// Tells the ranks, once. Collective.
    func exchange(_ communicator: any Communicator) throws {
        guard !areExchanged else { return }
        areExchanged = true
        try whole?.exchange(communicator)
        try short?.exchange(communicator)
    }
}
