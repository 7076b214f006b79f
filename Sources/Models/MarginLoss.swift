import Datasets
import Kernels

/// Margins of consecutive samples with what belongs to them.
public struct MarginBlock {
    public let rows: Int
    /// m[i, c], the class stride of `KernelSet.classStride` apart (1 for one class).
    public let margins: UnsafePointer<Float>
    /// One per row: the class index, or the target value.
    public let labels: UnsafePointer<Float>
    /// ω, one per row; nil means 1.
    public let weights: UnsafePointer<Float>?
    public let kernels: KernelSet
    /// What the terms of Σ ω f, or of Σ ω dᵀ(∂²f/∂m²)d, are to be rounded to before they are added.
    public let grid: SumGrid

    public init(
        rows: Int, margins: UnsafePointer<Float>, labels: UnsafePointer<Float>, weights: UnsafePointer<Float>?,
        kernels: KernelSet = .current, grid: SumGrid = .none
    ) {
        self.rows = rows
        self.margins = margins
        self.labels = labels
        self.weights = weights
        self.kernels = kernels
        self.grid = grid
    }

    /// Rows `batchRows` of `dataset` with their margins.
    init(
        batchRows: Range<Int>, of dataset: Dataset, margins: UnsafePointer<Float>, kernels: KernelSet,
        grid: SumGrid = .none
    ) {
        self.init(
            rows: batchRows.count, margins: margins, labels: dataset.labels.pointer + batchRows.lowerBound,
            weights: dataset.weights.map { UnsafePointer($0.pointer + batchRows.lowerBound) }, kernels: kernels,
            grid: grid)
    }

    func weight(_ row: Int) -> Double { weights.map { Double($0[row]) } ?? 1 }
}

/// A loss f(m, y) of a sample's margins m = xW + b; `LinearModel` does the rest. All sums are weighted by ω, and each row's
/// term is rounded to `MarginBlock.grid` before it is added: then a sum does not depend on which rank or thread has the row.
/// Terms that can be negative are bounded from below by `LeastLossModel`.
public protocol MarginLoss: Sendable {
    /// C, margins per sample.
    var classes: Int { get }
    /// Σ ω f.
    func loss(_ block: MarginBlock) -> Double
    /// Σ ω f at the margins m + step · d, d (class stride) the margins of a direction: one trial of a line search.
    func loss(_ block: MarginBlock, along direction: UnsafePointer<Float>, step: Float) -> Double
    /// Σ ω f; writes ω ∂f/∂m (class stride, zero padding) to `residuals`, which may be the margins themselves.
    func residuals(_ block: MarginBlock, into residuals: UnsafeMutablePointer<Float>) -> Double
    /// Σ ω dᵀ (∂²f/∂m²) d for the margins d (class stride) of a direction: the curvature along it.
    func curvature(_ block: MarginBlock, along direction: UnsafePointer<Float>) -> Double
    /// Mean h at margin 0; see `hessianWeights`.
    var curvatureAtZero: Double { get }
    /// ∂²f/∂m² where it is the same for every margin and label, and C = 1; nil by default.
    var constantCurvature: Double? { get }
    /// |∂f/∂m_c| ≤ this for every margin and label; nil, the default: there is no bound.
    var slopeBound: Double? { get }
    /// h_i = ω_i · mean over the classes of ∂²f/∂m_c², one per row: the weights of a Hessian sketch Σ h_i x̂_i x̂_iᵀ.
    func hessianWeights(_ block: MarginBlock, into weights: UnsafeMutablePointer<Float>)
    /// Writes `classes` packed values a row: class probabilities, or one value.
    func predict(_ block: MarginBlock, into outputs: UnsafeMutablePointer<Float>)
}

extension MarginLoss {
    public var constantCurvature: Double? { nil }
    public var slopeBound: Double? { nil }

    public func loss(_ block: MarginBlock, along direction: UnsafePointer<Float>, step: Float) -> Double {
        let count = block.rows * KernelSet.classStride(classes)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { scratch in
            guard let margins = scratch.baseAddress else { return 0 }
            block.kernels.addScaled(count: count, block.margins, step: step, direction, into: margins)
            return loss(
                MarginBlock(
                    rows: block.rows, margins: margins, labels: block.labels, weights: block.weights,
                    kernels: block.kernels, grid: block.grid))
        }
    }
}

/// A loss of one margin, given by formulas for one sample.
public protocol ScalarLoss: MarginLoss {
    /// f(m, y).
    func value(_ margin: Double, _ label: Double) -> Double
    /// ∂f/∂m.
    func derivative(_ margin: Double, _ label: Double) -> Double
    /// ∂²f/∂m².
    func secondDerivative(_ margin: Double, _ label: Double) -> Double
    /// The prediction for a margin; default: the margin.
    func prediction(_ margin: Double) -> Double
}

extension ScalarLoss {
    public var classes: Int { 1 }

    public func prediction(_ margin: Double) -> Double { margin }

    public func loss(_ block: MarginBlock) -> Double {
        var sum = 0.0
        for row in 0..<block.rows {
            sum += block.grid.round(
                block.weight(row) * value(Double(block.margins[row]), Double(block.labels[row])))
        }
        return sum
    }

    public func residuals(_ block: MarginBlock, into residuals: UnsafeMutablePointer<Float>) -> Double {
        var sum = 0.0
        for row in 0..<block.rows {
            let margin = Double(block.margins[row])
            let label = Double(block.labels[row])
            let weight = block.weight(row)
            sum += block.grid.round(weight * value(margin, label))
            residuals[row] = Float(weight * derivative(margin, label))
        }
        return sum
    }

    public func curvature(_ block: MarginBlock, along direction: UnsafePointer<Float>) -> Double {
        var sum = 0.0
        for row in 0..<block.rows {
            let slope = Double(direction[row])
            let second = secondDerivative(Double(block.margins[row]), Double(block.labels[row]))
            sum += block.grid.round(block.weight(row) * slope * slope * second)
        }
        return sum
    }

    public func predict(_ block: MarginBlock, into outputs: UnsafeMutablePointer<Float>) {
        for row in 0..<block.rows { outputs[row] = Float(prediction(Double(block.margins[row]))) }
    }
}
