import CKernels

/// Softmax and cross-entropy: the last layer of a classifier.
///
/// Σ_i ω_i (log Σ_c exp m_ic − Σ_c t_ic m_ic) with t_i = (1 − smoothing) e_label + smoothing / classes (label smoothing,
/// Szegedy et al., arXiv 1512.00567), summed in Double on `grid`. A label that is missing (NaN) or beyond the classes, or a margin
/// that is NaN or infinite, makes the sum NaN.
public enum SoftmaxHead {
    /// The loss alone.
    ///
    /// - Parameters:
    ///   - margins: rows × classes, rows `stride` apart.
    ///   - labels: the class of each row.
    ///   - weights: ω; nil for 1.
    public static func loss(
        rows: Int, classes: Int, stride: Int, margins: UnsafePointer<Float>, labels: UnsafePointer<Float>,
        weights: UnsafePointer<Float>? = nil, smoothing: Double = 0, grid: SumGrid = .none,
        with kernels: KernelSet = .current
    ) -> Double {
        kernels.layers.pointee.softmax_head(
            rows, classes, stride, UnsafeMutablePointer(mutating: margins), labels, weights, smoothing,
            grid.anchor, 0)
    }

    /// The loss; margins ← ω (softmax(m) − t), the derivative of the sum by each margin.
    public static func lossAndGradient(
        rows: Int, classes: Int, stride: Int, margins: UnsafeMutablePointer<Float>, labels: UnsafePointer<Float>,
        weights: UnsafePointer<Float>? = nil, smoothing: Double = 0, grid: SumGrid = .none,
        with kernels: KernelSet = .current
    ) -> Double {
        kernels.layers.pointee.softmax_head(rows, classes, stride, margins, labels, weights, smoothing, grid.anchor, 1)
    }
}
