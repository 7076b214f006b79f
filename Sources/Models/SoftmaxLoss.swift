import CKernels
import Kernels

/// ∂²f/∂m² = diag p − p pᵀ of the predicted probabilities p.
protocol SoftmaxCurvature: MarginLoss {}

/// Cross-entropy of C ≥ 2 classes: log Σ_c exp m_c − m_y for labels y in 0 ..< C. Every class has weights of its own.
public struct SoftmaxLoss: SoftmaxCurvature {
    public let classes: Int
    public var slopeBound: Double? { 1 }

    public init(classes: Int) {
        precondition(classes >= 2, "softmax needs two classes")
        self.classes = classes
    }

    public func loss(_ block: MarginBlock) -> Double {
        block.kernels.softmax(
            rows: block.rows, classes: classes, margins: block.margins, labels: block.labels, weights: block.weights,
            grid: block.grid)
    }

    public func residuals(_ block: MarginBlock, into residuals: UnsafeMutablePointer<Float>) -> Double {
        block.kernels.softmax(
            rows: block.rows, classes: classes, margins: block.margins, labels: block.labels, weights: block.weights,
            grid: block.grid, residuals: residuals)
    }

    /// Σ ω (Σ_c p_c d_c² − (Σ_c p_c d_c)²).
    public func curvature(_ block: MarginBlock, along direction: UnsafePointer<Float>) -> Double {
        block.kernels.softmaxCurvature(
            rows: block.rows, classes: classes, margins: block.margins, direction: direction, weights: block.weights,
            grid: block.grid)
    }

    public func predict(_ block: MarginBlock, into outputs: UnsafeMutablePointer<Float>) {
        block.kernels.softmaxProbabilities(
            rows: block.rows, classes: classes, margins: block.margins, into: outputs)
    }
}
