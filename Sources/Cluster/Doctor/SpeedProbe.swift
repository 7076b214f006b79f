import Kernels
import MPI
import Platform
import Telemetry

/// Rates of this rank's kernels while all ranks run theirs, which is how a run meets them.
package struct SpeedProbe {
    private let features = DenseMatrix(rows: 32_768, columns: 256)
    private let weights = AlignedBuffer<Float>([Float](repeating: 0.01, count: 256))
    private let margins = AlignedBuffer<Float>(count: 32_768)
    private let side = 384

    package init() {
        for index in 0..<features.storage.count { features.storage.pointer[index] = Float(index % 7) }
    }

    /// Adds the rates to `facts`: the median of rounds that fill about two seconds. Collective.
    package func measure(_ facts: inout RankFacts, _ world: any Communicator) throws {
        let bytes = Double(features.storage.count * 4)
        try world.barrier()
        facts.readRate = bytes / median(seconds: 1) { read() } / 1e9
        let left = FloatRows(matrix(), stride: side)
        let right = FloatRows(matrix(), stride: side)
        let product = FloatRows(matrix(), stride: side)
        defer { for rows in [left, right, product] { rows.pointer.deallocate() } }
        try world.barrier()
        let operations = 2 * Double(side * side * side)
        facts.productRate =
            operations / median(seconds: 0.7) { Gemm.multiply(side, side, side, left, right, into: product) } / 1e9
    }

    private func read() {
        KernelSet.current.margins(
            features, 0..<features.rows, weights: weights.pointer, offset: 0, into: margins.pointer)
    }

    private func matrix() -> UnsafeMutablePointer<Float> {
        let values = UnsafeMutablePointer<Float>.allocate(capacity: side * side)
        values.initialize(repeating: 0.5, count: side * side)
        return values
    }

    private func median(seconds: Double, _ body: () -> Void) -> Double {
        body()
        var times: [Double] = []
        let start = monotonicSeconds()
        while times.count < 5 || monotonicSeconds() - start < seconds {
            let begin = monotonicSeconds()
            body()
            times.append(monotonicSeconds() - begin)
        }
        return times.sorted()[times.count / 2]
    }
}
