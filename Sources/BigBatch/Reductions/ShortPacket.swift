import Kernels

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
