import CKernels

extension KernelSet {
    /// out[j] = max(out[j], max_r |x[r, j]|); `out` has `x.stride` values.
    func columnMaxima(_ x: DenseMatrix, into out: UnsafeMutablePointer<Float>) {
        table.pointee.column_maxima(x.storage.pointer, x.stride, x.rows, out)
    }

    /// sums[j] += Σ_r (x[r, j] − shift[j])² over rows `rows`, in Double; shift and sums have `x.columns` values.
    public func columnSquares(
        _ x: DenseMatrix, _ rows: Range<Int>, shift: UnsafePointer<Float>? = nil,
        into sums: UnsafeMutablePointer<Double>
    ) {
        table.pointee.column_squares(x.row(rows.lowerBound), x.stride, rows.count, x.columns, shift, sums)
    }

    /// sums[i, j] += Σ_r z[r, i] z[r, j] for j ≥ i over `rows` rows of z.
    ///
    /// z is rows × width, sums width × width, both packed; width is a multiple of 8. Some of what is below the diagonal is
    /// added to as well and means nothing. Meanwhile rows `next` of x are fetched into the cache.
    func gram(
        _ z: UnsafePointer<Double>, rows: Int, width: Int, into sums: UnsafeMutablePointer<Double>,
        fetching next: Range<Int> = 0..<0, of x: DenseMatrix? = nil
    ) {
        let bytes = x.map { next.count * $0.stride * MemoryLayout<Float>.stride } ?? 0
        let start = x.map { UnsafeRawPointer($0.row(next.lowerBound)).assumingMemoryBound(to: CChar.self) }
        table.pointee.gram(z, width, rows, width, sums, start, bytes)
    }

    /// z[r] = √h_r (x_r − shift, 1 with `one`), in units and rounded to whole numbers where `perUnit` says what 1 is in them,
    /// then zeros up to `width`, for rows `rows` of x.
    func pack(
        _ x: DenseMatrix, _ rows: Range<Int>, shift: UnsafePointer<Float>?, weights: UnsafePointer<Float>?,
        perUnit: UnsafePointer<Double>?, one: Bool, width: Int, into z: UnsafeMutablePointer<Double>
    ) {
        table.pointee.gram_pack(
            x.row(rows.lowerBound), x.stride, rows.count, x.columns, shift, weights, perUnit, one ? 1 : 0, width, z)
    }

    /// tops[j] = max(tops[j], max_r |z_rj|), counts[j] += rows where z_rj is not 0, z = √h (x − shift), over rows `rows`; both have
    /// `x.columns` values.
    func rootRanges(
        _ x: DenseMatrix, _ rows: Range<Int>, shift: UnsafePointer<Float>?, weights: UnsafePointer<Float>?,
        tops: UnsafeMutablePointer<Float>, counts: UnsafeMutablePointer<Int32>
    ) {
        table.pointee.root_ranges(x.row(rows.lowerBound), x.stride, rows.count, x.columns, shift, weights, tops, counts)
    }
}
