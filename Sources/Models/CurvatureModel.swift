import Datasets
import Kernels

/// A model whose Hessian can be sketched from its features: Σ h_i x̂_i x̂_iᵀ, the same for each class, x̂ = (x, 1) with an
/// intercept. The trainer makes its metric of it.
public protocol CurvatureModel: Model {
    /// D.
    var featureCount: Int { get }
    var hasIntercept: Bool { get }
    /// C, parameters per feature.
    var classCount: Int { get }
    /// Mean h at x = 0.
    var curvatureAtZero: Double { get }
    /// Adds Σ x_j² (true rows, centring included) to `sums` (D).
    func addColumnSquares(_ batch: Batch, into sums: UnsafeMutableBufferPointer<Double>)
    /// h_i of this rank's part of the batch, in batch order.
    func curvatureWeights(of batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> AlignedBuffer<Float>
    /// Σ weights_i x̂_i x̂_iᵀ over this rank's part of the batch.
    func curvature(of batch: Batch, weights: AlignedBuffer<Float>) -> SecondMoment
}

extension LinearModel: CurvatureModel {
    public var classCount: Int { loss.classes }
    public var curvatureAtZero: Double { loss.curvatureAtZero }

    public func addColumnSquares(_ batch: Batch, into sums: UnsafeMutableBufferPointer<Double>) {
        let shift = batch.dataset.shift
        for range in [batch.first, batch.second] {
            switch batch.dataset.features {
            case .dense(let matrix):
                for row in range {
                    let values = matrix.row(row)
                    for column in 0..<featureCount {
                        let value = Double(values[column]) - (shift.map { Double($0.pointer[column]) } ?? 0)
                        sums[column] += value * value
                    }
                }
            case .sparse(let matrix):
                for entry in matrix.rowOffsets.pointer[range.lowerBound]..<matrix.rowOffsets.pointer[range.upperBound] {
                    let column = Int(matrix.columnIndices.pointer[entry])
                    let value = Double(matrix.values.pointer[entry])
                    let offset = shift.map { Double($0.pointer[column]) } ?? 0
                    // (v − s)² − s²: every row adds s² below, whether it stores the column or not.
                    sums[column] += value * (value - 2 * offset)
                }
            }
            if let shift, case .sparse = batch.dataset.features {
                for column in 0..<featureCount {
                    sums[column] += Double(range.count) * Double(shift.pointer[column] * shift.pointer[column])
                }
            }
        }
    }

    public func curvatureWeights(of batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> AlignedBuffer<Float> {
        let weights = AlignedBuffer<Float>(count: batch.count)
        guard batch.count > 0, let x = parameters.baseAddress else { return weights }
        let products = products(batch.dataset, at: x)
        forEachBlock(of: batch, rows: products.blockRows) { rows, index in
            withBlock(products, rows) { block, _ in loss.hessianWeights(block, into: weights.pointer + index) }
        }
        return weights
    }

    public func curvature(of batch: Batch, weights: AlignedBuffer<Float>) -> SecondMoment {
        var moment = SecondMoment(columns: featureCount, hasIntercept: hasIntercept)
        // Large chunks: centring costs D² operations a chunk.
        forEachBlock(of: batch, rows: 4096) { rows, index in
            moment.add(
                batch.dataset.features, rows, shift: batch.dataset.shift, weights: weights.pointer + index,
                kernels: kernels)
        }
        return moment
    }
}
