import Datasets
import Models

/// How a metric is made from a model's curvature: P = (Σ h x̂x̂ᵀ/n + λI)⁻¹, dense where forming it costs little beside the
/// gradient passes it saves, diagonal otherwise.
struct MetricEstimate {
    /// D.
    let features: Int
    let hasIntercept: Bool
    let classes: Int
    /// N.
    let population: Int
    let l2: Double
    /// Mean of x̂_j² over all rows, with the intercept's 1 last.
    let columnSquares: [Double]

    var dimension: Int { features + (hasIntercept ? 1 : 0) }

    /// Rows from which a dense metric is estimated: enough to be of full rank, at most about 4 gradient passes of work.
    var sampleSize: Int { min(population, max(10 * dimension, 4 * classes * population / max(1, dimension), 1000)) }

    /// Forming Σ h x̂x̂ᵀ takes n·D² multiplications and a gradient pass 2·N·D·C: dense up to the work of 16 passes.
    var isDenseWorthwhile: Bool {
        dimension <= 2048 && sampleSize * dimension <= 32 * population * classes
    }

    /// P_jj = 1/(c·mean x̂_j² + λ); a column of zeros keeps 1.
    func diagonal(curvature: Double) -> Metric {
        let scale = columnSquares.enumerated().map { column, square in
            let value = curvature * square + (column < features ? l2 : 0)
            return value > 0 ? Float(1 / value) : 1
        }
        return .diagonal(scale: scale, classes: classes)
    }

    /// P = A⁻¹ from Σ h x̂x̂ᵀ over `count` rows with Σ h = `weight`.
    ///
    /// A column that the sample met much more rarely than the data holds it gets its full-data diagonal, so that a rare
    /// category cannot look flat; a tenth of the mean weight is added to every row's so that rows of settled predictions
    /// keep some curvature.
    func dense(sums: UnsafeBufferPointer<Double>, count: Int, weight: Double, curvature: Double) -> Metric {
        let n = Double(max(1, count))
        let mean = weight / n
        var matrix = sums.map { $0 / n }
        for column in 0..<dimension {
            let diagonal = column * dimension + column
            let expected = mean * columnSquares[column]
            if matrix[diagonal] < 0.5 * expected { matrix[diagonal] = expected }
            if column < features { matrix[diagonal] += l2 }
            matrix[diagonal] *= 1 + 1e-7
            if matrix[diagonal] <= 0 { matrix[diagonal] = 1 }
        }
        guard let factor = CholeskyFactor(matrix, dimension: dimension) else { return diagonal(curvature: curvature) }
        return .dense(factor, classes: classes)
    }
}
