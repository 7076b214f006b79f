/// An array on disk as a table: one row for each of its first extent, with labels from a column of it or from a second
/// array.
struct ArrayTable: Codable, Sendable, Equatable {
    /// An array and where it is.
    struct Stored: Codable, Sendable, Equatable {
        var source: ArraySource
        var header: ArrayHeader

        init(_ source: ArraySource) throws {
            self.source = source
            header = try ArrayHeader(source)
        }
    }

    let data: Stored
    /// One label per row.
    let labels: Stored?
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
        if options.weight != nil || !options.drop.isEmpty || !options.id.isEmpty {
            throw ParseError(file: path, message: "`weight`, `drop` and `id` are for CSV files; this is an array")
        }
        var notes: [String] = []
        var sources = try NPZMembers.sources(path, options)
        if let member = sources.data.member { notes.append("\(path): the rows are the array \(member)") }
        let data = try Stored(sources.data)
        let header = data.header
        guard (2...4).contains(header.extents.count), header.extents.allSatisfy({ $0 > 0 }) else {
            throw ParseError(
                file: data.source.name,
                message: "has shape (\(header.shapeText)); a two-dimensional array of rows × columns is needed, "
                    + "or images of rows × height × width (× channels): array.reshape(len(array), -1)")
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
        if labelColumn != nil { sources.labels = nil }
        if let labelsFile { sources.labels = try NPZMembers.labels(labelsFile, options) }
        if sources.labels == nil, labelColumn == nil, let found = Self.labelsBeside(path) {
            sources.labels = try ArraySource(file: found)
        }
        if labelsFile == nil, let labels = sources.labels { notes.append("the labels are from \(labels.name)") }
        self.labels = try sources.labels.map(Stored.init)
        self.data = data
        self.notes = notes
        if let labels = self.labels {
            try checkLabels(labels)
        } else if labelColumn == nil, !options.allowMissingLabels {
            let column =
                image == nil ? "`label` NUMBER for a column of the array (1 … \(header.width), -1 the last) or " : ""
            throw ParseError(
                file: path, message: "which labels? Give \(column)`labels` FILE, an array with one label per row")
        }
    }

    private func checkLabels(_ labels: Stored) throws {
        let extents = labels.header.extents
        guard extents.count == 1 || extents.count == 2 && extents[1] == 1,
            !labels.header.isFortran || extents.count == 1
        else {
            throw ParseError(
                file: labels.source.name,
                message: "has shape (\(labels.header.shapeText)); one label per row is needed")
        }
        guard extents[0] == rows else {
            throw ParseError(
                file: labels.source.name,
                message:
                    "has \(extents[0]) labels, but \(data.source.name) has \(rows) rows: give the labels of these rows")
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
