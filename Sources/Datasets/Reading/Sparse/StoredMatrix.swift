/// A sparse matrix as arrays: of SciPy's save_npz, or of AnnData in HDF5.
struct StoredMatrix: Codable, Sendable, Equatable {
    /// Compressed by rows or by columns, or a row and a column for every entry.
    enum Layout: String, Codable, Sendable { case csr, csc, coo }

    let layout: Layout
    let rows: Int
    let columns: Int
    /// `csr`, `csc`: the first entry of each row or column, and of the one behind the last. `coo`: the row of each entry.
    let offsets: StoredArray
    /// The column of each entry; `csc`: its row.
    let indices: StoredArray
    let values: StoredArray
    /// How messages name it.
    let name: String

    /// Entries, with duplicates and zeros.
    var entries: Int { values.header.count }
    /// Readable only in sequence.
    var isPacked: Bool { [offsets, indices, values].contains(where: \.source.isPacked) }
    /// Bytes in the file.
    var storedBytes: Int { [offsets, indices, values].reduce(0) { $0.saturating(plus: $1.source.packedCount) } }
    /// Bytes of an entry.
    var entrySize: Int { indices.header.elementSize + values.header.elementSize }

    /// Throws `ParseError` where the arrays do not fit together.
    init(
        _ layout: Layout, shape: [Int], offsets: StoredArray, indices: StoredArray, values: StoredArray, name: String
    ) throws {
        func damaged(_ what: String) -> ParseError {
            ParseError(file: name, message: "is damaged: \(what); write it again")
        }
        guard shape.count == 2, shape.allSatisfy({ $0 > 0 }), shape[1] < Int(Int32.max), shape[0] < Int.max / 16 else {
            let text = shape.map(String.init).joined(separator: ", ")
            throw ParseError(
                file: name,
                message: "has shape (\(text)); a matrix of at least one row and 1 to \(Int32.max - 1) columns is needed"
            )
        }
        for array in [offsets, indices, values] where array.header.extents.count != 1 {
            throw damaged("\(array.source.member ?? "") has shape (\(array.header.shapeText)), which is no list")
        }
        guard offsets.header.element.isInteger, indices.header.element.isInteger else {
            throw damaged("its indices are no whole numbers")
        }
        guard !values.header.element.isText else {
            throw ParseError(file: values.source.name, message: "holds texts; features are numbers")
        }
        let wanted =
            switch layout {
            case .csr: shape[0] + 1
            case .csc: shape[1] + 1
            case .coo: values.header.count
            }
        guard offsets.header.count == wanted else {
            throw damaged("\(offsets.source.member ?? "") has \(offsets.header.count) numbers, not \(wanted)")
        }
        guard indices.header.count == values.header.count else {
            throw damaged("it has \(indices.header.count) indices and \(values.header.count) values")
        }
        // A list of HDF5 may be announced and never written: that is no reason to make room for it.
        for array in [offsets, indices, values] {
            let most = max(1 << 24, array.source.packedCount.saturating(times: GzipInflater.ratio))
            guard array.source.byteCount ?? 0 <= most else { throw damaged("it holds less than it announces") }
        }
        self.layout = layout
        rows = shape[0]
        columns = shape[1]
        self.offsets = offsets
        self.indices = indices
        self.values = values
        self.name = name
    }
}
