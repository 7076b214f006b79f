import CKernels

extension KernelSet {
    /// m[i] = offset + x_i·w for rows `rows` of `x`; w has `x.columns` values. Four partial sums a row.
    public func margins(
        _ x: SparseMatrix, _ rows: Range<Int>, weights w: UnsafePointer<Float>, offset: Float,
        into m: UnsafeMutablePointer<Float>
    ) {
        table.pointee.sparse_margins(
            x.rowOffsets.pointer + rows.lowerBound, rows.count, x.columnIndices.pointer, x.values.pointer, w, offset, m)
    }

    /// sums += Σ_i r[i] x_i, in Double, each product an addend; sums has `x.columns` values and begins at its anchors, if any.
    public func transposedProduct(
        _ x: SparseMatrix, _ rows: Range<Int>, residuals r: UnsafePointer<Float>,
        into sums: UnsafeMutablePointer<Double>
    ) {
        table.pointee.sparse_transposed(
            x.rowOffsets.pointer + rows.lowerBound, rows.count, x.columnIndices.pointer, x.values.pointer, r, sums)
    }

    /// m[i, c] = offset[c] + Σ_j x[i, j] w[j, c]; w is packed (`classes` values a feature), offset and m have the
    /// class stride.
    public func margins(
        _ x: SparseMatrix, _ rows: Range<Int>, weights w: UnsafePointer<Float>, classes: Int,
        offset: UnsafePointer<Float>, into m: UnsafeMutablePointer<Float>
    ) {
        table.pointee.sparse_margins_multi(
            x.rowOffsets.pointer + rows.lowerBound, rows.count, x.columnIndices.pointer, x.values.pointer, w,
            classes, offset, m, Self.classStride(classes))
    }

    /// sums[j, c] += Σ_i x[i, j] r[i, c] for columns j of `columns` (nil: all), in Double, each product an addend; sums is
    /// packed (`classes` values a feature), r has the class stride.
    public func transposedProduct(
        _ x: SparseMatrix, _ rows: Range<Int>, residuals r: UnsafePointer<Float>, classes: Int,
        columns: Range<Int>? = nil, into sums: UnsafeMutablePointer<Double>
    ) {
        table.pointee.sparse_transposed_multi(
            x.rowOffsets.pointer + rows.lowerBound, rows.count, x.columnIndices.pointer, x.values.pointer, r,
            Self.classStride(classes), classes, Int32(columns?.lowerBound ?? 0),
            Int32(columns?.upperBound ?? x.columns),
            sums)
    }

    /// sums[j, c] += Σ_i x[i, j] r[i, c] over all rows of a block, for columns `part` of those it has entries in. r has
    /// one row per row of the block. In Double, each product an addend.
    public func transposedProduct(
        _ block: ColumnBlock, part: Range<Int>, residuals r: UnsafePointer<Float>, classes: Int,
        into sums: UnsafeMutablePointer<Double>
    ) {
        table.pointee.sparse_gather_multi(
            block.columns.pointer + part.lowerBound, block.starts.pointer + part.lowerBound, part.count,
            block.entries.pointer, r, Self.classStride(classes), classes, sums)
    }

    /// out[i] = ‖x_i − shift‖² = ‖x_i‖² − 2 x_i·shift + ‖shift‖², summed in Double; shift has `x.columns` values.
    public func squaredNorms(
        _ x: SparseMatrix, _ rows: Range<Int>, shift: UnsafePointer<Float>? = nil, into out: UnsafeMutablePointer<Float>
    ) {
        var shiftNorm = 0.0
        if let shift {
            for column in 0..<x.columns { shiftNorm += Double(shift[column]) * Double(shift[column]) }
        }
        for row in rows {
            var sum = shiftNorm
            for k in x.rowOffsets.pointer[row]..<x.rowOffsets.pointer[row + 1] {
                let value = Double(x.values.pointer[k])
                let centre = shift.map { Double($0[Int(x.columnIndices.pointer[k])]) } ?? 0
                sum += value * (value - 2 * centre)
            }
            out[row - rows.lowerBound] = Float(max(sum, 0))
        }
    }
}
