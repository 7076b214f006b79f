import Datasets
import Kernels

/// Σ_i r_i ∇m_i over rows: a gradient in the making. Belongs to one thread.
struct GradientSum {
    let products: MarginProducts
    /// parameterCount values, packed.
    let gradient: UnsafeMutablePointer<Double>
    private let partial: AlignedBuffer<Float>
    private let residualSums: AlignedBuffer<Double>
    private var pendingRows = 0

    init(products: MarginProducts, gradient: UnsafeMutablePointer<Double>) {
        self.products = products
        self.gradient = gradient
        residualSums = AlignedBuffer(count: products.classStride)
        switch products.dataset.features {
        case .sparse: partial = AlignedBuffer(count: 0)
        case .dense(let x):
            partial = AlignedBuffer(count: products.classes == 1 ? x.stride : x.columns * products.classStride)
        }
    }

    /// Adds rows with residuals r (class stride, weights included).
    mutating func add(_ rows: Range<Int>, residuals r: UnsafePointer<Float>) {
        switch products.dataset.features {
        case .sparse(let x):
            if products.classes == 1 {
                products.kernels.transposedProduct(x, rows, residuals: r, into: gradient)
            } else {
                products.kernels.transposedProduct(x, rows, residuals: r, classes: products.classes, into: gradient)
            }
        case .dense(let x):
            if products.classes == 1 {
                products.kernels.transposedProduct(x, rows, residuals: r, into: partial.pointer)
            } else {
                products.kernels.transposedProduct(
                    x, rows, residuals: r, classStride: products.classStride, into: partial.pointer)
            }
            pendingRows += rows.count
            if pendingRows >= 64 { flush() }
        }
    }

    /// Σ ‖r_i‖² (‖x_i‖² + 1[intercept]) of rows with residuals r; adds r to the sums that the intercept needs.
    func squaredNorms(_ rows: Range<Int>, residuals r: UnsafePointer<Float>) -> Double {
        products.squaredNorms(rows, residuals: r, into: residualSums.pointer)
    }

    /// Adds r to the sums that the intercept and the centring need, for those who want no norms.
    func addResiduals(_ rows: Range<Int>, _ r: UnsafePointer<Float>) { _ = squaredNorms(rows, residuals: r) }

    /// Adds what is pending, the intercepts' part and the centring; call once at the end.
    mutating func finish() {
        flush()
        products.finish(gradient, residualSums: residualSums.pointer)
    }

    private mutating func flush() {
        guard pendingRows > 0, case .dense(let x) = products.dataset.features else { return }
        pendingRows = 0
        if products.classes == 1 {
            products.kernels.flush(partial.pointer, rows: 1, columns: x.columns, stride: x.stride, into: gradient)
        } else {
            products.kernels.flush(
                partial.pointer, rows: x.columns, columns: products.classes, stride: products.classStride,
                into: gradient)
        }
    }
}

extension MarginProducts {
    /// Σ ‖r_i‖² (‖x_i‖² + 1[intercept]); adds Σ r_i to `sums` (class stride).
    func squaredNorms(
        _ rows: Range<Int>, residuals r: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Double>
    ) -> Double {
        kernels.residualSums(
            rows: rows.count, classes: classes, residuals: r,
            squaredNorms: dataset.squaredNorms.pointer + rows.lowerBound,
            extra: hasIntercept ? Double(dataset.interceptSquaredNorm) : 0, into: sums)
    }

    /// The part of the intercepts and of the centring, given Σ r.
    func finish(_ gradient: UnsafeMutablePointer<Double>, residualSums: UnsafePointer<Double>) {
        let columns = dataset.features.columns
        if hasIntercept {
            for c in 0..<classes { gradient[columns * classes + c] += residualSums[c] }
        }
        guard let shift = dataset.shift else { return }
        for j in 0..<columns where shift.pointer[j] != 0 {
            let centre = Double(shift.pointer[j])
            for c in 0..<classes { gradient[j * classes + c] -= residualSums[c] * centre }
        }
    }
}
