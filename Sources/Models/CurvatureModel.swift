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
    /// Dense features only.
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
                    for column in 0..<featureCount { sums[column] += Double(values[column] * values[column]) }
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
        guard batch.count > 0, let x = parameters.baseAddress, case .dense(let features) = batch.dataset.features
        else { return 0 }
        let products = products(batch.dataset, at: x)
        let dimension = featureCount + (hasIntercept ? 1 : 0)
        var total = 0.0
        forEachBlock(of: batch, rows: products.blockRows) { rows, _ in
            withBlock(products, rows) { block, weights in
                loss.hessianWeights(block, into: weights)
                for (index, row) in rows.enumerated() {
                    let weight = Double(weights[index])
                    total += weight
                    let values = features.row(row)
                    for i in 0..<featureCount where values[i] != 0 {
                        let scaled = weight * Double(values[i])
                        let target = matrix.baseAddress.unsafelyUnwrapped + i * dimension
                        for j in 0...i { target[j] += scaled * Double(values[j]) }
                    }
                    if hasIntercept {
                        let target = matrix.baseAddress.unsafelyUnwrapped + featureCount * dimension
                        for j in 0..<featureCount { target[j] += weight * Double(values[j]) }
                        target[featureCount] += weight
                    }
                }
            }
        }
        return total
    }
}
