import Kernels
import MPI
import Models

/// What the grids of columns depend on.
struct GridKey: Equatable {
    var residual: Int
    var rows: Int
}

/// The sums of a gradient as they travel, where columns have a shorter form.
final class ShortPacket {
    let packet: Packet
    let units: AlignedBuffer<Int32>

    /// - Parameters:
    ///   - others: sums that stay Double.
    ///   - units: sums in the shorter form.
    init(others: Int, units: Int) {
        packet = Packet(count: BatchScalars.count + others)
        self.units = AlignedBuffer(count: units)
    }
}
