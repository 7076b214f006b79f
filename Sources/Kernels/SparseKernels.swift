import CKernels

extension KernelSet {
    /// m[i] = offset + x_i·w for rows `rows` of `x`; w has `x.columns` values. Four partial sums a row.
    public func margins(
        _ x: SparseMatrix, _ rows: Range<Int>, weights w: UnsafePointer<Float>, offset: Float,
        into m: UnsafeMutablePointer<Float>
    ) {
        let offsets = UnsafePointer(x.rowOffsets.pointer)
        let columns = UnsafePointer(x.columnIndices.pointer)
        let values = UnsafePointer(x.values.pointer)
        var out = m
        for row in rows {
            var k = offsets[row]
            let end = offsets[row &+ 1]
            var a: Float = 0
            var b: Float = 0
            var c: Float = 0
            var d: Float = 0
            while k &+ 4 <= end {
                a += values[k] * w[Int(columns[k])]
                b += values[k &+ 1] * w[Int(columns[k &+ 1])]
                c += values[k &+ 2] * w[Int(columns[k &+ 2])]
                d += values[k &+ 3] * w[Int(columns[k &+ 3])]
                k &+= 4
            }
            while k < end {
                a += values[k] * w[Int(columns[k])]
                k &+= 1
            }
            out.pointee = offset + ((a + b) + (c + d))
            out += 1
        }
    }

    /// sums += Σ_i r[i] x_i, in Double; sums has `x.columns` values.
    public func transposedProduct(
        _ x: SparseMatrix, _ rows: Range<Int>, residuals r: UnsafePointer<Float>,
        into sums: UnsafeMutablePointer<Double>
    ) {
        let offsets = UnsafePointer(x.rowOffsets.pointer)
        let columns = UnsafePointer(x.columnIndices.pointer)
        let values = UnsafePointer(x.values.pointer)
        for row in rows {
            let factor = Double(r[row &- rows.lowerBound])
            if factor == 0 { continue }
            var k = offsets[row]
            let end = offsets[row &+ 1]
            while k < end {
                sums[Int(columns[k])] += factor * Double(values[k])
                k &+= 1
            }
        }
    }

    /// m[i, c] = offset[c] + Σ_j x[i, j] w[j, c]; w is packed (`classes` values a feature), offset and m have the
    /// class stride.
    public func margins(
        _ x: SparseMatrix, _ rows: Range<Int>, weights w: UnsafePointer<Float>, classes: Int,
        offset: UnsafePointer<Float>, into m: UnsafeMutablePointer<Float>
    ) {
        table.pointee.sparse_margins_multi(
            x.rowOffsets.pointer + rows.lowerBound, rows.count, x.columnIndices.pointer, x.values.pointer, w, classes,
            offset, m, Self.classStride(classes))
    }

    /// sums[j, c] += Σ_i x[i, j] r[i, c], in Double; sums is packed (`classes` values a feature), r has the class
    /// stride.
    public func transposedProduct(
        _ x: SparseMatrix, _ rows: Range<Int>, residuals r: UnsafePointer<Float>, classes: Int,
        into sums: UnsafeMutablePointer<Double>
    ) {
        table.pointee.sparse_transposed_multi(
            x.rowOffsets.pointer + rows.lowerBound, rows.count, x.columnIndices.pointer, x.values.pointer, r,
            Self.classStride(classes), classes, sums)
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
