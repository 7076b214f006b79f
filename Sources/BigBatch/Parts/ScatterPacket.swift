import Kernels
import MPI

/// What the sums of a gradient travel in where ranks get parts of them.
final class ScatterPacket {
    /// What all ranks need: scalars, and the sums of the residuals, one a class.
    let packet: Packet
    let classes: Int
    let doubles = ColumnSums<Double>()
    let units = ColumnSums<Int32>()

    init(classes: Int) {
        self.classes = classes
        packet = Packet(count: BatchScalars.count + classes)
    }

    /// Σ r of every class.
    var residualSums: UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: packet.values[BatchScalars.count...])
    }
}

/// Sums of columns on their way, in memory that grows as it is needed.
final class ColumnSums<Number: MPIElement & BitwiseCopyable> {
    private var sent = AlignedBuffer<Number>(count: 0)
    private(set) var received = AlignedBuffer<Number>(count: 0)

    /// Room for what goes out.
    func sent(_ count: Int) -> UnsafeMutablePointer<Number> {
        if sent.count < count { sent = AlignedBuffer(count: count) }
        return sent.pointer
    }

    /// Sends what was written, `each` numbers a column, and receives.
    func exchange(_ columns: TouchedColumns.Columns, each: Int, _ reducer: Reducer) throws {
        let count = each * columns.received.count
        if received.count < count { received = AlignedBuffer(count: count) }
        try reducer.exchange(
            UnsafeBufferPointer(start: sent.pointer, count: each * columns.sent.count),
            columns.sentCounts.map { $0 * each },
            UnsafeMutableBufferPointer(start: received.pointer, count: count),
            columns.receivedCounts.map { $0 * each })
    }
}
