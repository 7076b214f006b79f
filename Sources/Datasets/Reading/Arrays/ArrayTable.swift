/// An array on disk as a table: one row for each of its first extent, with labels from a column of it or from a second
/// array.
struct ArrayTable: Codable, Sendable, Equatable {
    let data: StoredArray
    let labels: LabelArray?
    /// 0-based, of a two-dimensional array.
    let labelColumn: Int?
    /// Nil: a two-dimensional array, whose elements are features as they are.
    let image: ImageLayout?
    /// Number of features.
    let columns: Int
    /// What was found out, for people.
    let notes: [String]

    var path: String { data.source.path }
    var rows: Int { data.header.rows }
    var shape: SampleShape? { image?.shape }
    /// Values are whole numbers from 0 to 255.
    var holdsBytes: Bool { data.header.element == .u1 }

    /// - Parameter labels: the file with the labels; nil: a label column, or found beside the data.
    /// - Throws: `ParseError`: not an array of a supported type and shape, no labels or two of them, another number of
    ///   labels than rows. With `allowMissingLabels`, labels may be left out.
    init(path: String, options: ReadOptions, labels labelsFile: String? = nil) throws {
        let contents = try ArrayContents.find(path, options)
        guard case .dense(let data) = contents.rows else {
            throw ParseError(file: path, message: "holds a sparse matrix, which is no array of all elements")
        }
        try self.init(data, contents, path: path, options: options, labels: labelsFile)
    }

    /// - Parameter contents: of the file, in which `data` was found.
    init(
        _ data: StoredArray, _ contents: ArrayContents, path: String, options: ReadOptions, labels labelsFile: String?
    ) throws {
        var notes = contents.notes
        let header = data.header
        guard !header.extents.contains(0) else {
            throw ParseError(file: data.source.name, message: "has shape (\(header.shapeText)), and so no value")
        }
        guard (2...4).contains(header.extents.count), header.extents.allSatisfy({ $0 > 0 }) else {
            throw ParseError(
                file: data.source.name,
                message: "has shape (\(header.shapeText)); a two-dimensional array of rows × columns is needed, "
                    + "or images of rows × height × width (× channels): array.reshape(len(array), -1)")
        }
        guard !header.element.isText else {
            throw ParseError(
                file: data.source.name,
                message: "holds texts; rows are numbers: array.astype('<f4'), or give another array with rows")
        }
        guard header.width < Int(Int32.max) else {
            throw ParseError(file: data.source.name, message: "has more than \(Int32.max) columns")
        }
        image =
            header.extents.count == 2
            ? nil : try ImageLayout(Array(header.extents[1...]), wanted: options.inputShape, file: data.source.name)
        guard !header.isFortran || header.extents.count == 2 && !data.source.isPacked else {
            throw ParseError(
                file: data.source.name,
                message: "is in Fortran order and packed or of more than two dimensions: "
                    + "save numpy.ascontiguousarray(array)")
        }
        labelColumn = try options.label.map {
            guard labelsFile == nil else {
                throw ParseError(file: path, message: "`label` and `labels` both give the labels; keep one")
            }
            guard header.extents.count == 2 else {
                throw ParseError(
                    file: path, message: "`label` names a column of a table; images have none: use `labels`")
            }
            let names = (1...header.width).map(String.init)
            return try ColumnReference(file: path, columns: names).position($0, option: "`label`")
        }
        columns = (image?.shape.count ?? header.width) - (labelColumn == nil ? 0 : 1)
        guard columns > 0 else { throw ParseError(file: path, message: "there is no column left to be a feature") }
        var labels = labelColumn == nil ? contents.labels : nil
        if let labelsFile { labels = try LabelArray(file: labelsFile, options) }
        if labels == nil, labelColumn == nil, let found = Self.labelsBeside(path) {
            labels = LabelArray(array: try StoredArray(try ArraySource(file: found)))
        }
        if labelsFile == nil, let labels { notes.append("the labels are from \(labels.source.name)") }
        self.labels = labels
        self.data = data
        self.notes = notes
        if let labels {
            try labels.check(rows: rows, of: data.source.name)
        } else if labelColumn == nil, !options.allowMissingLabels {
            throw contents.labelsMissing(
                path,
                column: image == nil
                    ? "`label` NUMBER for a column of the array (1 … \(header.width), -1 the last)" : nil)
        }
    }

    /// MNIST's way: "train-images-idx3-ubyte.gz" has its labels in "train-labels-idx1-ubyte.gz" or the same without
    /// ".gz", and the other way round. Nil where there is no such file.
    private static func labelsBeside(_ path: String) -> String? {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let name = String(path[slash...])
        guard name.contains("images") else { return nil }
        let labels = name.replacing("images", with: "labels").replacing("idx3", with: "idx1")
            .replacing("idx4", with: "idx1")
        let other = labels.hasSuffix(".gz") ? String(labels.dropLast(3)) : labels + ".gz"
        return [labels, other].map { path[..<slash] + $0 }.first { InputFile.exists($0) }
    }
}
