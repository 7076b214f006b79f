/// What a file of arrays holds: the rows, and the labels that are beside them.
struct ArrayContents {
    enum Rows {
        case dense(StoredArray)
        case sparse(StoredMatrix)
    }

    var rows: Rows
    var labels: LabelArray?
    /// Several arrays that might be the labels: names to choose from.
    var candidates: [String] = []
    /// What was found out, for people.
    var notes: [String] = []

    init(_ rows: Rows) { self.rows = rows }

    /// - Parameter path: FILE, or FILE:NAME of an archive or HDF5 file.
    static func find(_ path: String, _ options: ReadOptions) throws -> ArrayContents {
        let place = ArrayPath(path)
        if try NPZMembers.isArchive(place.file) { return try NPZMembers.contents(place, options) }
        if try HDF5Contents.isHDF5(try InputFile(path: place.file)) { return try HDF5Arrays.contents(place, options) }
        return ArrayContents(.dense(try StoredArray(try ArraySource(file: place.file))))
    }

    /// - Parameter column: where a column of the rows could be the labels, how to say so.
    func labelsMissing(_ path: String, column: String?) -> ParseError {
        let ways = (column.map { $0 + " or " } ?? "") + "`labels` FILE, an array with one label per row"
        guard let first = candidates.first else {
            return ParseError(file: path, message: "which labels? Give \(ways)")
        }
        return ParseError(
            file: path,
            message: "which of \(candidates.joined(separator: ", ")) are the labels? Choose one: `labels` "
                + "\(ArrayPath(path).file):\(first)")
    }
}

extension LabelArray {
    /// The labels of a file, or of FILE:NAME.
    init(file path: String, _ options: ReadOptions) throws {
        let place = ArrayPath(path)
        if try NPZMembers.isArchive(place.file) {
            self.init(array: try StoredArray(try NPZMembers.labels(place, options)))
        } else if try HDF5Contents.isHDF5(try InputFile(path: place.file)) {
            self = try HDF5Arrays.labels(place, options)
        } else {
            self.init(array: try StoredArray(try ArraySource(file: place.file)))
        }
    }
}
