import Datasets
import Kernels

/// The loss of a linear model along x + α d, from margins: m(α) = m + α m', one read of the features for both.
final class MarginLine<Loss: MarginLoss>: DirectionalLoss {
    private let model: LinearModel<Loss>
    private let batch: Batch
    private let classStride: Int
    /// Margins and their slopes, sample by sample in batch order.
    private let margins: AlignedBuffer<Float>
    private let slopes: AlignedBuffer<Float>

    init(
        model: LinearModel<Loss>, batch: Batch, parameters: UnsafePointer<Float>, direction: UnsafePointer<Float>
    ) {
        self.model = model
        self.batch = batch
        let atParameters = model.products(batch.dataset, at: parameters)
        let alongDirection = model.products(batch.dataset, at: direction)
        let stride = atParameters.classStride
        classStride = stride
        let margins = AlignedBuffer<Float>(count: batch.count * stride)
        let slopes = AlignedBuffer<Float>(count: batch.count * stride)
        forEachBlock(of: batch, rows: atParameters.blockRows) { rows, index in
            atParameters.margins(rows, into: margins.pointer + index * stride)
            alongDirection.margins(rows, into: slopes.pointer + index * stride)
        }
        self.margins = margins
        self.slopes = slopes
    }

    func losses(at steps: [Double]) -> [Double] {
        var sums = [Double](repeating: 0, count: steps.count)
        let blockRows = max(16, 1024 / classStride)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: blockRows * classStride) { trial in
            guard let trial = trial.baseAddress else { return }
            forEachBlock(of: batch, rows: blockRows) { rows, index in
                for (k, step) in steps.enumerated() {
                    model.kernels.addScaled(
                        count: rows.count * classStride, margins.pointer + index * classStride, step: Float(step),
                        slopes.pointer + index * classStride, into: trial)
                    sums[k] += model.loss.loss(block(rows, margins: trial))
                }
            }
        }
        return sums
    }

    func curvature() -> Double? {
        var sum = 0.0
        forEachBlock(of: batch, rows: max(16, 1024 / classStride)) { rows, index in
            sum += model.loss.curvature(
                block(rows, margins: margins.pointer + index * classStride),
                along: slopes.pointer + index * classStride)
        }
        return sum
    }

    private func block(_ rows: Range<Int>, margins: UnsafePointer<Float>) -> MarginBlock {
        MarginBlock(
            rows: rows.count, margins: margins, labels: batch.dataset.labels.pointer + rows.lowerBound,
            weights: batch.dataset.weights.map { UnsafePointer($0.pointer + rows.lowerBound) }, kernels: model.kernels)
    }
}

extension LinearModel {
    public func directionalLoss(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, direction: UnsafeBufferPointer<Float>
    ) -> any DirectionalLoss {
        guard batch.count > 0, let x = parameters.baseAddress, let d = direction.baseAddress else {
            return EmptyLine()
        }
        return MarginLine(model: self, batch: batch, parameters: x, direction: d)
    }
}

/// A rank without samples.
struct EmptyLine: DirectionalLoss {
    func losses(at steps: [Double]) -> [Double] { [Double](repeating: 0, count: steps.count) }
    func curvature() -> Double? { 0 }
}
