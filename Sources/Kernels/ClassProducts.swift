import CKernels

// Dense products with several classes, and the layouts in which they are fastest.
extension KernelSet {
    /// Registers hold columns where that leaves fewer lanes idle than classes do. A product then ends in a sum over sixteen
    /// lanes, which costs about as much as five more registers.
    static func holdsColumns(_ columns: Int, classes: Int) -> Bool {
        classes * (DenseMatrix.stride(columns: columns) / 8 + 5) < columns * classStride(classes) / 8
    }

    /// Weights w[j, c], packed, as `margins` wants them: class by class in padded rows, or feature by feature with the class
    /// stride.
    public static func classWeights(
        _ w: UnsafePointer<Float>, columns: Int, classes: Int
    ) -> AlignedBuffer<Float> {
        let byClass = holdsColumns(columns, classes: classes)
        let width = DenseMatrix.stride(columns: columns)
        let stride = classStride(classes)
        let copy = AlignedBuffer<Float>(count: byClass ? classes * width : columns * stride)
        for j in 0..<columns {
            for c in 0..<classes {
                copy.pointer[byClass ? c * width + j : j * stride + c] = w[j * classes + c]
            }
        }
        return copy
    }

    /// m[i, c] = offset[c] + Σ_j x[i, j] w[j, c] for rows `rows`; w from `classWeights`, offset and m with the class stride. A row's
    /// margins do not depend on the rows beside it.
    public func margins(
        _ x: DenseMatrix, _ rows: Range<Int>, weights w: UnsafePointer<Float>, offset: UnsafePointer<Float>,
        classes: Int, into m: UnsafeMutablePointer<Float>
    ) {
        let stride = Self.classStride(classes)
        let first = x.row(rows.lowerBound)
        if Self.holdsColumns(x.columns, classes: classes) {
            table.pointee.margins_by_class(
                first, x.stride, rows.count, x.stride, w, offset, classes, stride, m)
        } else {
            table.pointee.margins_multi(first, x.stride, rows.count, x.columns, w, offset, stride, m)
        }
    }

    /// Sums that `transposedProduct` adds to, at the anchors of their columns (nil: 0): panels of sixteen columns, class by class.
    public static func classSums(
        columns: Int, classes: Int, anchors: UnsafePointer<Double>?
    ) -> AlignedBuffer<Double> {
        let sums = AlignedBuffer<Double>(count: DenseMatrix.stride(columns: columns) * classes)
        guard let anchors else { return sums }
        forEachPanel(columns) { panel, first, count in
            for c in 0..<classes {
                (sums.pointer + (panel * classes + c) * 16).update(from: anchors + first, count: count)
            }
        }
        return sums
    }

    /// sums[j, c] += Σ_i x[i, j] r[i, c], piece by piece; r with the class stride, sums from `classSums`.
    public func transposedProduct(
        _ x: DenseMatrix, _ rows: Range<Int>, residuals r: UnsafePointer<Float>, classes: Int,
        into sums: UnsafeMutablePointer<Double>
    ) {
        table.pointee.transposed_multi(
            x.row(rows.lowerBound), x.stride, rows.lowerBound, rows.count, x.stride, r, classes,
            Self.classStride(classes), sums)
    }

    /// target[j · classes + c] = sums[j, c] less the anchor of column j.
    public static func unpack(
        _ sums: UnsafePointer<Double>, columns: Int, classes: Int, anchors: UnsafePointer<Double>?,
        into target: UnsafeMutablePointer<Double>
    ) {
        forEachPanel(columns) { panel, first, count in
            for c in 0..<classes {
                let from = sums + (panel * classes + c) * 16
                for k in 0..<count {
                    target[(first + k) * classes + c] = from[k] - (anchors.map { $0[first + k] } ?? 0)
                }
            }
        }
    }

    /// Panels of sixteen columns: number, first column, columns.
    private static func forEachPanel(_ columns: Int, _ body: (Int, Int, Int) -> Void) {
        for panel in 0..<(columns + 15) / 16 { body(panel, 16 * panel, min(16, columns - 16 * panel)) }
    }
}
