/// What scipy.sparse.save_npz writes: the arrays of a matrix under fixed names.
enum SciPyArchive {
    /// Nil: the archive is of something else.
    static func matrix(_ arrays: [ArraySource], _ path: String) throws -> StoredMatrix? {
        func member(_ name: String) -> ArraySource? { arrays.first { $0.member == name + ".npy" } }
        guard let format = member("format"), let shape = member("shape"), let data = member("data") else { return nil }
        let kind = try text(format)
        let parts: (layout: StoredMatrix.Layout, offsets: String, indices: String)
        switch kind {
        case "csr": parts = (.csr, "indptr", "indices")
        case "csc": parts = (.csc, "indptr", "indices")
        case "coo": parts = (.coo, "row", "col")
        default:
            throw ParseError(
                file: path,
                message: "holds a sparse matrix of SciPy in the format '\(kind)'; csr, csc and coo are read: "
                    + "scipy.sparse.save_npz(file, matrix.tocsr())")
        }
        guard let offsets = member(parts.offsets), let indices = member(parts.indices) else {
            throw ParseError(
                file: path,
                message: "is damaged: a sparse matrix in the format '\(kind)' has the arrays \(parts.offsets) and "
                    + "\(parts.indices); write it again: scipy.sparse.save_npz(file, matrix.tocsr())")
        }
        return try StoredMatrix(
            parts.layout, shape: try StoredArray(shape).integers(atMost: 8), offsets: try StoredArray(offsets),
            indices: try StoredArray(indices), values: try StoredArray(data), name: path)
    }

    /// A single text, as NumPy writes b'csr' or 'csr'.
    private static func text(_ source: ArraySource) throws -> String {
        let array = try StoredArray(source)
        guard array.header.element.isText, array.header.count == 1, array.header.elementSize <= 256 else { return "?" }
        return try array.bytes().withUnsafeBytes { TextElements.text(array.header, $0, 0) } ?? "?"
    }
}
