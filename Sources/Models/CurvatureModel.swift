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
    /// Adds Σ h_i x̂_i x̂_iᵀ to the row-major square `matrix` (dimension D, or D + 1 with an intercept) and returns Σ h_i.
    func addCurvature(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into matrix: UnsafeMutableBufferPointer<Double>
    ) -> Double
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

    public func addCurvature(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into matrix: UnsafeMutableBufferPointer<Double>
    ) -> Double {
        guard batch.count > 0, let x = parameters.baseAddress else { return 0 }
        let products = products(batch.dataset, at: x)
        var moment = SecondMoment(columns: featureCount, hasIntercept: hasIntercept)
        var total = 0.0
        // Large chunks: centring costs D² operations a chunk.
        let weights = AlignedBuffer<Float>(count: min(batch.count, 4096))
        forEachBlock(of: batch, rows: weights.count) { chunk, _ in
            forEachBlock(of: Batch(dataset: batch.dataset, first: chunk), rows: products.blockRows) { rows, index in
                withBlock(products, rows) { block, _ in
                    loss.hessianWeights(block, into: weights.pointer + index)
                }
            }
            for index in 0..<chunk.count { total += Double(weights.pointer[index]) }
            moment.add(
                batch.dataset.features, chunk, shift: batch.dataset.shift, weights: weights.pointer, kernels: kernels)
        }
        for index in matrix.indices { matrix[index] += moment.sums[index] }
        return total
    }
}
