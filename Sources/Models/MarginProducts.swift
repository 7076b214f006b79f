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
    /// Dense: a copy in the kernels' layout; sparse: the parameters themselves.
    let weights: UnsafePointer<Float>
    private let padded: AlignedBuffer<Float>?
    /// Margins that need not be computed.
    var known: KnownMargins?
    /// Per class b − shift·w.
    let offsets: AlignedBuffer<Float>

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
        var sums = [Double](repeating: 0, count: classes)
        if hasIntercept {
            for c in 0..<classes { sums[c] = Double(parameters[columns * classes + c]) }
        }
        if let shift = dataset.shift {
            for j in 0..<columns where shift.pointer[j] != 0 {
                for c in 0..<classes {
                    sums[c] -= Double(shift.pointer[j]) * Double(parameters[j * classes + c])
                }
            }
        }
        for c in 0..<classes { offsets.pointer[c] = Float(sums[c]) }
        switch dataset.features {
        case .sparse:
            padded = nil
            weights = parameters
        case .dense(let matrix):
            let copy: AlignedBuffer<Float>
            if classes == 1 {
                copy = AlignedBuffer(count: matrix.stride)
                copy.pointer.update(from: parameters, count: columns)
            } else {
                copy = KernelSet.classWeights(parameters, columns: columns, classes: classes)
            }
            padded = copy
            weights = UnsafePointer(copy.pointer)
        }
    }

    /// Rows that are worked on together. Dense: rows or margins of about 128 KB, several margins 256 KB, which stay in the
    /// second-level cache.
    var blockRows: Int {
        switch dataset.features {
        case .sparse: classes == 1 ? 64 : 32
        case .dense(let matrix):
            classes == 1
                ? min(512, max(16, 32768 / max(1, matrix.stride) / 4 * 4))
                : min(128, max(16, 65536 / max(matrix.stride, classStride) / 16 * 16))
        }
    }

    /// Rows that are multiplied with two vectors in turn. Dense, one margin: about 8 KB, which stay in the first cache, so
    /// that memory is read in one stream.
    var rowsInFirstCache: Int {
        if classes == 1, case .dense(let matrix) = dataset.features {
            return min(64, max(4, 2048 / max(1, matrix.stride) / 4 * 4))
        }
        return blockRows
    }

    /// m[i, c] for rows `rows`, class stride.
    func margins(_ rows: Range<Int>, into m: UnsafeMutablePointer<Float>) {
        if let known { return m.update(from: known.margins(of: rows.lowerBound), count: rows.count * classStride) }
        switch dataset.features {
        case .dense(let x):
            if classes == 1 {
                kernels.margins(x, rows, weights: weights, offset: offsets.pointer[0], into: m)
            } else {
                kernels.margins(x, rows, weights: weights, offset: offsets.pointer, classes: classes, into: m)
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

/// Margins (class stride) of the samples of a batch, in batch order.
struct KnownMargins {
    let batch: Batch
    let margins: UnsafePointer<Float>
    let classStride: Int

    /// Those of a local row of the batch and of the rows after it.
    func margins(of row: Int) -> UnsafePointer<Float> {
        var before = 0
        var part = 0
        while part < batch.rangeCount, !batch.range(part).contains(row) {
            before += batch.range(part).count
            part += 1
        }
        return margins + (before + row - batch.range(part).lowerBound) * classStride
    }
}
