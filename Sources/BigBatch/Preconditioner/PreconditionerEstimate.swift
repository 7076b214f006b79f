import Datasets
import Kernels
import Models

/// What curvatures cost, in multiply-adds of the kernel that sums up dense rows (see `SecondMoment`).
struct CurvatureWork {
    /// n.
    let dimension: Int
    /// Mean number of stored values of sparse rows; nil: dense ones.
    let storedValues: Double?
    /// Columns of sparse rows that are centred.
    let centredColumns: Int

    /// The matrix takes 32 MB then.
    static let largestDimension = 2048
    /// A value of a dense row that a gradient pass reads; and a stored one of a sparse row.
    private static let (ofValue, ofStoredValue) = (7.0, 35.0)

    /// A row that a gradient pass reads, one class.
    var ofRead: Double { storedValues.map { Self.ofStoredValue * max(1, $0) } ?? Self.ofValue * Double(dimension) }

    /// A row of Σ h x̂x̂ᵀ. The intercept and what is centred are entries of sparse rows too.
    var ofRow: Double {
        let dense = Double(dimension) * Double(dimension) / 2
        guard let storedValues else { return dense }
        let entries = storedValues + Double(centredColumns + 1)
        return min(dense, SecondMoment.entryWork * entries * entries / 2)
    }

    /// The factor of a matrix of n rows, and its inverse.
    static func factor(of n: Int) -> Double { Double(n) * Double(n) * Double(n) }
}

/// How a preconditioner is made from a model's curvature: P = (Σ h x̂x̂ᵀ/n + λI)⁻¹, dense where forming it costs little
/// beside the gradient passes it saves, diagonal otherwise.
struct PreconditionerEstimate: Codable {
    /// D.
    let features: Int
    let hasIntercept: Bool
    let classes: Int
    /// N.
    let population: Int
    let l2: Double
    /// Mean number of stored values of sparse rows; nil: dense ones.
    let storedValues: Double?
    /// Columns of sparse rows that are centred; nil (of older snapshots): none.
    let centredColumns: Int?
    /// Mean of x̂_j² over all rows, with the intercept's 1 last.
    @Stored var columnSquares: [Double]

    var dimension: Int { features + (hasIntercept ? 1 : 0) }

    /// Rows of the first dense preconditioner: enough to be of full rank.
    var firstSampleSize: Int { min(population, max(10 * dimension, 1000)) }

    /// Rows of a dense preconditioner for a noisy batch: its spectrum is known to about an eighth, and more rows cost
    /// more than the steps they better.
    var noisySampleSize: Int { min(sampleSize, max(firstSampleSize, 64 * dimension)) }

    private var work: CurvatureWork {
        CurvatureWork(dimension: dimension, storedValues: storedValues, centredColumns: centredColumns ?? 0)
    }

    /// A gradient pass.
    private var passWork: Double { Double(population) * Double(classes) * work.ofRead }

    /// Rows of a later dense preconditioner: as many as take about the work of one gradient pass over dense rows, and
    /// enough to know every direction to a few percent.
    var sampleSize: Int { min(population, max(20 * dimension, Int(2 * passWork / (7 * work.ofRow)))) }

    /// Dense where forming Σ h x̂x̂ᵀ takes less than four gradient passes: it saves more.
    var isDenseWorthwhile: Bool {
        dimension <= CurvatureWork.largestDimension
            && Double(sampleSize) * work.ofRow + CurvatureWork.factor(of: dimension) <= 4 * passWork
    }

    /// Rows of the Hessian of several classes at a gradient of all rows: a quarter of its work.
    var blockSampleSize: Int {
        let pairs = Double(classes * (classes + 1) / 2)
        let rows = passWork / (4 * pairs * work.ofRow)
        return min(population, max(20 * dimension * classes, Int(min(rows, Double(population)))))
    }

    /// A curvature for every step of an opening, with all pairs of classes, takes two gradient passes at most.
    func isOpeningWorthwhile(rows: Int) -> Bool {
        let pairs = Double(classes * (classes + 1) / 2)
        return isDenseWorthwhile
            && Double(rows) * pairs * work.ofRow + CurvatureWork.factor(of: dimension * classes) <= 2 * passWork
    }

    /// P_jj = 1/(c·mean x̂_j² + λ); a column of zeros keeps 1.
    func diagonal(curvature: Double) -> Preconditioner {
        .diagonal(scale: columnSquares.indices.map { scale($0, curvature) }, classes: classes)
    }

    /// P_jc = 1/(h_c mean x̂_j² + λ) with h the mean curvature of each class, as a scale for every parameter of `own`; 1 for others.
    func diagonal(curvatures: [Double], over own: Range<Int>) -> Preconditioner {
        let classes = curvatures.count
        var scales = [Float](repeating: 1, count: columnSquares.count * classes)
        for column in own.lowerBound / classes..<own.upperBound / classes {
            for c in 0..<classes { scales[column * classes + c] = scale(column, curvatures[c]) }
        }
        return .diagonal(scale: scales, classes: 1)
    }

    private func scale(_ column: Int, _ curvature: Double) -> Float {
        let value = curvature * columnSquares[column] + (column < features ? l2 : 0)
        return value > 0 ? Float(1 / value) : 1
    }

    /// Share of the mean weight that every row's weight gets on top: rows whose predictions are settled keep some
    /// curvature, without which steps collapse.
    static let weightFloor = 0.1
    /// The same for classes that hang together, where x is near: settled rows are many there, and more makes steps short.
    static let smallFloor = 0.02

    /// P = A⁻¹ with A = Σ h x̂x̂ᵀ/n + λI.
    ///
    /// A column that the sample met much more rarely than the data holds it gets what is missing on its diagonal, so
    /// that a rare category cannot look flat. (Flooring all columns, or weighted moments, would hide nearly null
    /// directions and stall.)
    /// - Parameters:
    ///   - sketch: Σ h x̂x̂ᵀ over `count` rows.
    ///   - sampleSquares: Σ x_j² over the same rows.
    func dense(sketch: [Double], count: Double, meanWeight: Double, sampleSquares: [Double]) -> Preconditioner {
        let n = max(1, count)
        var matrix = sketch.map { $0 / n }
        for column in 0..<dimension {
            let diagonal = column * dimension + column
            if column < features {
                let missing = columnSquares[column] - sampleSquares[column] / n
                if missing > 0.5 * columnSquares[column] { matrix[diagonal] += meanWeight * missing }
                matrix[diagonal] += l2
            }
            // Directions without curvature must not turn the rounding of a gradient into steps that cancel in the margins.
            matrix[diagonal] *= 1 + 1e-6
            if matrix[diagonal] <= 0 { matrix[diagonal] = 1 }
        }
        guard
            let preconditioner = DensePreconditioner(
                matrix, dimension: dimension, classes: classes, hasIntercept: hasIntercept)
        else {
            return diagonal(curvature: meanWeight)
        }
        return .dense(preconditioner)
    }
}
