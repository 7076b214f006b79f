import Datasets
import Kernels

/// Σ_i r_i x_i, Σ r_i, and what goes with them over rows: the sums of a gradient in the making, on the grids of the batch.
/// Belongs to one thread.
///
/// The target holds `MarginProducts.sumCount` values: Σ r x of every column and class, packed, then Σ r of every class. It is
/// overwritten.
struct GradientSum {
    let products: MarginProducts
    let grids: SumGrids
    private let target: UnsafeMutablePointer<Double>
    /// Of dense rows: sums in the kernels' layout.
    private let padded: AlignedBuffer<Double>
    private let residualSums: AlignedBuffer<Double>
    /// Σ ‖∇f‖² and max |r|.
    private(set) var totals = PassTotals()

    init(products: MarginProducts, grids: SumGrids, target: UnsafeMutablePointer<Double>) {
        self.products = products
        self.grids = grids
        self.target = target
        residualSums = AlignedBuffer(count: products.classStride)
        switch products.dataset.features {
        case .sparse:
            padded = AlignedBuffer(count: 0)
            products.begin(target, grids)
        case .dense(let x):
            let anchors = grids.columns.map { UnsafePointer($0.pointer) }
            guard products.classes == 1 else {
                padded = KernelSet.classSums(columns: x.columns, classes: products.classes, anchors: anchors)
                return
            }
            padded = AlignedBuffer(count: x.stride)
            if let anchors { padded.pointer.update(from: anchors, count: x.columns) }
        }
    }

    /// Adds rows with residuals r (class stride, weights included).
    func add(_ rows: Range<Int>, residuals r: UnsafePointer<Float>) {
        let kernels = products.kernels
        switch (products.dataset.features, products.classes) {
        case (.sparse(let x), 1): kernels.transposedProduct(x, rows, residuals: r, into: target)
        case (.sparse(let x), let classes):
            kernels.transposedProduct(x, rows, residuals: r, classes: classes, into: target)
        case (.dense(let x), 1): kernels.transposedProduct(x, rows, residuals: r, into: padded.pointer)
        case (.dense(let x), let classes):
            kernels.transposedProduct(x, rows, residuals: r, classes: classes, into: padded.pointer)
        }
    }

    /// Adds what rows with residuals r have of Σ r, Σ ‖r_i‖² (‖x_i‖² + 1[intercept]) and max |r|.
    mutating func addResiduals(_ rows: Range<Int>, _ r: UnsafePointer<Float>) {
        products.addResiduals(rows, r, grids, into: residualSums.pointer, totals: &totals)
    }

    /// One kernel does it all: margins, residuals and sums of a loss that it knows.
    mutating func pass(_ kind: LossKind, _ matrix: DenseMatrix, _ batch: Batch) {
        let dataset = batch.dataset
        let partial = AlignedBuffer<Float>(count: matrix.stride)
        for index in 0..<batch.rangeCount {
            products.kernels.pass(
                kind, matrix, batch.range(index), weights: products.weights, offset: products.offsets.pointer[0],
                labels: dataset.labels.pointer, sampleWeights: dataset.weights.map { UnsafePointer($0.pointer) },
                squaredNorms: dataset.squaredNorms.pointer, extra: products.interceptNorm, grids: grids,
                partial: partial.pointer, sums: padded.pointer, totals: &totals)
        }
        residualSums.pointer[0] += totals.residuals
    }

    /// Writes the sums to the target; call once at the end.
    func finish() {
        let classes = products.classes
        switch products.dataset.features {
        case .sparse:
            products.end(target, grids)
        case .dense(let x):
            // One class: its panels follow one another, as the sums of a plain row do.
            KernelSet.unpack(
                padded.pointer, columns: x.columns, classes: classes,
                anchors: grids.columns.map { UnsafePointer($0.pointer) }, into: target)
        }
        products.writeResidualSums(residualSums.pointer, to: target)
    }
}

extension MarginProducts {
    /// Values of a batch that ranks add up to a gradient.
    var sumCount: Int { dataset.features.columns * classes + classes }

    /// What the intercept adds to ‖x_i‖².
    var interceptNorm: Double { hasIntercept ? Double(dataset.interceptSquaredNorm) : 0 }

    func addResiduals(
        _ rows: Range<Int>, _ r: UnsafePointer<Float>, _ grids: SumGrids, into sums: UnsafeMutablePointer<Double>,
        totals: inout PassTotals
    ) {
        kernels.residualSums(
            rows: rows.count, classes: classes, residuals: r,
            squaredNorms: dataset.squaredNorms.pointer + rows.lowerBound, extra: interceptNorm, grids: grids,
            into: sums, totals: &totals)
    }

    /// Packed sums at their anchors.
    func begin(_ sums: UnsafeMutablePointer<Double>, _ grids: SumGrids) {
        let columns = dataset.features.columns
        guard let anchors = grids.columns else { return sums.update(repeating: 0, count: columns * classes) }
        func begin(_ j: Int) { (sums + j * classes).update(repeating: anchors.pointer[j], count: classes) }
        guard let touched = grids.touched else { return (0..<columns).forEach(begin) }
        for j in touched.elements { begin(Int(j)) }
    }

    /// Takes the anchors off.
    func end(_ sums: UnsafeMutablePointer<Double>, _ grids: SumGrids) {
        guard let anchors = grids.columns else { return }
        func end(_ j: Int) {
            let anchor = anchors.pointer[j]
            for c in j * classes..<(j + 1) * classes { sums[c] -= anchor }
        }
        guard let touched = grids.touched else { return (0..<dataset.features.columns).forEach(end) }
        for j in touched.elements { end(Int(j)) }
    }

    func writeResidualSums(_ residualSums: UnsafePointer<Double>, to target: UnsafeMutablePointer<Double>) {
        (target + dataset.features.columns * classes).update(from: residualSums, count: classes)
    }
}
