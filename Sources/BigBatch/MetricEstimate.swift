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
    /// A₀ and its mean weight.
    private var first: (matrix: [Double], weight: Double)?

    init(
        features: Int, hasIntercept: Bool, classes: Int, population: Int, l2: Double, columnSquares: [Double]
    ) {
        self.features = features
        self.hasIntercept = hasIntercept
        self.classes = classes
        self.population = population
        self.l2 = l2
        self.columnSquares = columnSquares
    }

    var dimension: Int { features + (hasIntercept ? 1 : 0) }

    /// Rows of the first dense metric: enough to be of full rank.
    var firstSampleSize: Int { min(population, max(10 * dimension, 1000)) }

    /// Rows of a later dense metric: as many as take about the work of one gradient pass.
    var sampleSize: Int { min(population, max(10 * dimension, 4 * classes * population / max(1, dimension))) }

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

    /// P = A⁻¹ with A = Σ h x̂x̂ᵀ/n + 0.1 (h̄/c) A₀ + λI, A₀ the sketch at x₀ with c its mean weight: rows whose
    /// predictions are settled keep some curvature, without which steps collapse.
    ///
    /// A column that the sample met much more rarely than the data holds it gets what is missing on its diagonal, so
    /// that a rare category cannot look flat. (Flooring all columns would hide nearly null directions and stall.)
    /// - Parameter sketch: Σ h x̂x̂ᵀ over `count` rows with Σ h = `weight`.
    mutating func dense(sketch: [Double], count: Int, weight: Double) -> Metric {
        let n = Double(max(1, count))
        let mean = weight / n
        var matrix = sketch.map { $0 / n }
        if let first {
            let share = 0.1 * mean / first.weight
            for index in matrix.indices { matrix[index] += share * first.matrix[index] }
        } else {
            first = (matrix, mean)
        }
        for column in 0..<dimension {
            let diagonal = column * dimension + column
            let expected = mean * columnSquares[column]
            if sketch[diagonal] / n < 0.5 * expected { matrix[diagonal] += expected - sketch[diagonal] / n }
            if column < features { matrix[diagonal] += l2 }
            matrix[diagonal] *= 1 + 1e-9
            if matrix[diagonal] <= 0 { matrix[diagonal] = 1 }
        }
        guard let metric = DenseMetric(matrix, dimension: dimension, classes: classes, hasIntercept: hasIntercept) else {
            return diagonal(curvature: mean)
        }
        return .dense(metric)
    }
}
