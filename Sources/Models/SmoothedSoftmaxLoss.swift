import Kernels

/// Cross-entropy to labels of which a share s is spread over all C classes: log Σ_c exp m_c − Σ_c t_c m_c with
/// t = (1 − s) e_y + s/C (Szegedy et al., Rethinking the Inception Architecture, 2016). Predictions and curvature are those
/// of `SoftmaxLoss`.
public struct SmoothedSoftmaxLoss: SoftmaxCurvature {
    private let plain: SoftmaxLoss
    /// s, from 0 to below 1.
    public let smoothing: Double

    public init(classes: Int, smoothing: Double) {
        precondition((0..<1).contains(smoothing), "a smoothing is from 0 to below 1")
        plain = SoftmaxLoss(classes: classes)
        self.smoothing = smoothing
    }

    public var classes: Int { plain.classes }

    public func loss(_ block: MarginBlock) -> Double {
        SoftmaxHead.loss(
            rows: block.rows, classes: classes, stride: KernelSet.classStride(classes), margins: block.margins,
            labels: block.labels, weights: block.weights, smoothing: smoothing, grid: block.grid,
            with: block.kernels)
    }

    public func residuals(_ block: MarginBlock, into residuals: UnsafeMutablePointer<Float>) -> Double {
        let stride = KernelSet.classStride(classes)
        if block.margins != UnsafePointer(residuals) {
            residuals.update(from: block.margins, count: block.rows * stride)
        }
        let loss = SoftmaxHead.lossAndGradient(
            rows: block.rows, classes: classes, stride: stride, margins: residuals, labels: block.labels,
            weights: block.weights, smoothing: smoothing, grid: block.grid,
            with: block.kernels)
        for row in 0..<block.rows {
            (residuals + row * stride + classes).update(repeating: 0, count: stride - classes)
        }
        return loss
    }

    public func curvature(_ block: MarginBlock, along direction: UnsafePointer<Float>) -> Double {
        plain.curvature(block, along: direction)
    }

    public var curvatureAtZero: Double { plain.curvatureAtZero }

    public func hessianWeights(_ block: MarginBlock, into weights: UnsafeMutablePointer<Float>) {
        plain.hessianWeights(block, into: weights)
    }

    public func predict(_ block: MarginBlock, into outputs: UnsafeMutablePointer<Float>) {
        plain.predict(block, into: outputs)
    }
}
