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
        let stride = KernelSet.classStride(classes)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: block.rows * classes) { probabilities in
            guard let p = probabilities.baseAddress else { return 0 }
            predict(block, into: p)
            var sum = 0.0
            for row in 0..<block.rows {
                var mean = 0.0
                var square = 0.0
                for c in 0..<classes {
                    let slope = Double(direction[row * stride + c])
                    mean += Double(p[row * classes + c]) * slope
                    square += Double(p[row * classes + c]) * slope * slope
                }
                sum += block.grid.round(block.weight(row) * max(0, square - mean * mean))
            }
            return sum
        }
    }

    public func predict(_ block: MarginBlock, into outputs: UnsafeMutablePointer<Float>) {
        block.kernels.softmaxProbabilities(
            rows: block.rows, classes: classes, margins: block.margins, into: outputs)
    }
}
