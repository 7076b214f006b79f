import Datasets
import Kernels

/// The products of a linear model over one data set: margins of rows, and the transposed product of residuals.
///
/// Holds the parameters in the layout the kernels want. Implicit centring costs one scalar a class: the margin of
/// x − shift is x·w + (b − shift·w), and Σ r (x − shift) = Σ r x − (Σ r) shift.
struct MarginProducts {
    let dataset: Dataset
    let kernels: KernelSet
    let classes: Int
    let classStride: Int
    let hasIntercept: Bool
    /// Dense: a copy padded to the kernels' strides; sparse: the parameters themselves.
    private let weights: UnsafePointer<Float>
    private let padded: AlignedBuffer<Float>?
    /// Per class b − shift·w.
    private let offsets: AlignedBuffer<Float>

    /// - Precondition: `parameters` outlives this value.
    init(
        dataset: Dataset, kernels: KernelSet, classes: Int, hasIntercept: Bool, parameters: UnsafePointer<Float>
    ) {
        self.dataset = dataset
        self.kernels = kernels
        self.classes = classes
        self.hasIntercept = hasIntercept
        classStride = KernelSet.classStride(classes)
        let columns = dataset.features.columns
        offsets = AlignedBuffer(count: classStride)
        for c in 0..<classes {
            var offset = hasIntercept ? Double(parameters[columns * classes + c]) : 0
            if let shift = dataset.shift {
                for j in 0..<columns { offset -= Double(shift[j]) * Double(parameters[j * classes + c]) }
            }
            offsets[c] = Float(offset)
        }
        switch dataset.features {
        case .sparse:
            padded = nil
            weights = parameters
        case .dense(let matrix):
            let copy = AlignedBuffer<Float>(count: classes == 1 ? matrix.stride : columns * classStride)
            for j in 0..<columns {
                for c in 0..<classes { copy.pointer[j * classStride + c] = parameters[j * classes + c] }
            }
            padded = copy
            weights = UnsafePointer(copy.pointer)
        }
    }

    /// Rows that are worked on together: their features stay in the first-level cache between the two products.
    var blockRows: Int {
        switch dataset.features {
        case .sparse: classes == 1 ? 64 : 16
        case .dense(let matrix): classes == 1 ? min(64, max(4, 4096 / matrix.stride / 4 * 4)) : 16
        }
    }

    /// m[i, c] for rows `rows`, class stride.
    func margins(_ rows: Range<Int>, into m: UnsafeMutablePointer<Float>) {
        switch dataset.features {
        case .dense(let x):
            if classes == 1 {
                kernels.margins(x, rows, weights: weights, offset: offsets.pointer[0], into: m)
            } else {
                kernels.margins(
                    x, rows, weights: weights, offset: offsets.pointer, classStride: classStride, into: m)
            }
        case .sparse(let x):
            if classes == 1 {
                kernels.margins(x, rows, weights: weights, offset: offsets.pointer[0], into: m)
            } else {
                kernels.margins(x, rows, weights: weights, classes: classes, offset: offsets.pointer, into: m)
            }
        }
    }
}

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

    /// Adds rows with residuals r (class stride, weights included); returns Σ ‖r_i‖² (‖x_i‖² + 1[intercept]).
    mutating func add(_ rows: Range<Int>, residuals r: UnsafePointer<Float>) -> Double {
        let classes = products.classes
        switch products.dataset.features {
        case .sparse(let x):
            if classes == 1 {
                products.kernels.transposedProduct(x, rows, residuals: r, into: gradient)
            } else {
                products.kernels.transposedProduct(x, rows, residuals: r, classes: classes, into: gradient)
            }
        case .dense(let x):
            if classes == 1 {
                products.kernels.transposedProduct(x, rows, residuals: r, into: partial.pointer)
            } else {
                products.kernels.transposedProduct(
                    x, rows, residuals: r, classStride: products.classStride, into: partial.pointer)
            }
            pendingRows += rows.count
            if pendingRows >= (classes == 1 ? 32 : 64) { flush() }
        }
        return products.kernels.residualSums(
            rows: rows.count, classes: classes, residuals: r,
            squaredNorms: products.dataset.squaredNorms.pointer + rows.lowerBound,
            extra: products.hasIntercept ? Double(products.dataset.interceptSquaredNorm) : 0,
            into: residualSums.pointer)
    }

    /// Adds what is pending, the intercepts' part and the centring; call once at the end.
    mutating func finish() {
        flush()
        let classes = products.classes
        let columns = products.dataset.features.columns
        for c in 0..<classes {
            let sum = residualSums.pointer[c]
            if products.hasIntercept { gradient[columns * classes + c] += sum }
            if let shift = products.dataset.shift {
                for j in 0..<columns { gradient[j * classes + c] -= sum * Double(shift.pointer[j]) }
            }
        }
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
