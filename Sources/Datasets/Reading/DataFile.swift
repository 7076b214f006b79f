/// What a data file is: found from its first bytes and its name, the same on every rank.
public struct DataFile: Codable, Sendable, Equatable {
    public enum Format: String, Codable, Sendable { case libsvm, csv, npy, npz, idx, hdf5, arrow, parquet }

    public var path: String
    public var format: Format
    /// Readable only in sequence.
    public var isSequential: Bool
    /// Read by one rank, which has it: standard input or a named pipe.
    public var isPiped = false
    /// Bytes on disk; 0 for a pipe.
    public var byteCount: Int
    /// A text in a zip archive.
    var member: ArraySource?
    /// CSV only: delimiter, header and column names.
    public var layout: TableLayout?
    /// Arrow and Parquet only: its typed columns and their rows.
    var table: TypedTable?
    /// NPY, NPZ, IDX and HDF5 only: what the array is and where its labels are.
    var array: ArrayTable?
    /// The same of a sparse matrix.
    var sparse: SparseTable?

    /// How messages name it.
    var name: String { member?.name ?? (path == "-" ? "standard input" : path) }
    /// Bytes that are dealt out to ranks: those of an array's records or a matrix' entries, else of the file.
    var dealtBytes: Int {
        array.map { $0.rows * $0.data.header.bytesPerRow } ?? sparse?.matrix.dealtBytes ?? byteCount
    }
    /// What is on disk, where `path` names an array in it.
    var filePath: String { array?.data.source.path ?? sparse?.matrix.values.source.path ?? path }
    /// Those that are in an array of their own.
    var labels: LabelArray? { array?.labels ?? sparse?.labels }

    /// Looks at a file that holds one table. Throws `ParseError`: cannot open, empty, format not recognised, several tables,
    /// and what `TableLayout` and `ArrayTable` throw.
    ///
    /// - Parameter labels: for arrays, the file with the labels.
    public init(path: String, options: ReadOptions = ReadOptions(), labels: String? = nil) throws {
        let tables = try DataFile.tables(in: path, options: options, labels: labels)
        guard let first = tables.first else {
            throw ParseError(file: path, message: "is empty: there are no rows to read")
        }
        guard tables.count == 1 else {
            throw ParseError(file: path, message: "holds \(tables.count) tables, and one is needed")
        }
        self = first
    }

    /// The tables of a file: one, or the texts of a zip archive. None where there is nothing in it.
    static func tables(in path: String, options: ReadOptions, labels: String? = nil) throws -> [DataFile] {
        if let format = try TypedTable.format(path, options) {
            guard labels == nil else { throw labelsInside(path) }
            return [try DataFile(TypedTable(path: path, format: format), path: path, format: format)]
        }
        if let format = try FormatSniffer.arrayFormat(path, options) {
            return [try DataFile(arraysOf: path, format, options: options, labels: labels)]
        }
        guard labels == nil else { throw labelsInside(path) }
        let texts = try ZipTexts.members(path).map { $0.map(TextSource.member) } ?? [.file(path)]
        return try texts.compactMap { try DataFile($0, options: options) }
    }

    /// Looks at a text; nil: there is nothing in it.
    init?(_ text: TextSource, options: ReadOptions) throws {
        var size = FormatSniffer.headSize
        var reader = try TextReader(text, chunkSize: size)
        var head = try reader.peek()
        // A header of many names may be longer than that, and says little without rows below it.
        while let found = head, found.count >= size, found.lines < 3, size < TextReader.longestLine {
            if case .pipe = text { break }
            size *= 16
            reader = try TextReader(text, chunkSize: size)
            head = try reader.peek()
        }
        guard let head else { return nil }
        path = text.path
        isSequential = reader.isSequential
        byteCount = reader.byteCount
        if case .member(let found) = text { member = found }
        if case .pipe = text { isPiped = true }
        format = try FormatSniffer(head: head, path: text.name).format(options)
        guard format.isText else {
            throw ParseError(
                file: reader.file, message: "arrays and typed tables do not come through pipes or packed: give a file")
        }
        layout = format == .csv ? try TableLayout(head: head, options: options) : nil
    }

    private static func labelsInside(_ path: String) -> ParseError {
        ParseError(file: path, message: "`labels` is for arrays (NPY, NPZ, IDX, HDF5); this file has its labels in it")
    }

    private init(_ table: TypedTable, path: String, format: Format) throws {
        self.path = path
        self.format = format
        isSequential = false
        byteCount = try InputFile(path: path).byteCount
        self.table = table
        layout = try TableLayout(file: path, names: table.columns)
    }

    private init(arraysOf path: String, _ format: Format, options: ReadOptions, labels: String?) throws {
        self.path = path
        self.format = format
        if options.weight != nil || !options.drop.isEmpty || !options.id.isEmpty {
            throw ParseError(file: path, message: "`weight`, `drop` and `id` are for CSV files; this is an array")
        }
        let contents = try ArrayContents.find(path, options)
        switch contents.rows {
        case .dense(let data):
            array = try ArrayTable(data, contents, path: path, options: options, labels: labels)
            isSequential = data.source.isPacked
            byteCount = data.source.packedCount
        case .sparse(let matrix):
            sparse = try SparseTable(matrix, contents, path: path, options: options, labels: labels)
            isSequential = matrix.isPacked
            byteCount = matrix.storedBytes
        }
    }

    /// A text in sequence. Rows of a table may hold line ends within quotes then.
    ///
    /// - Parameter pipe: what comes through the pipe that this is.
    func open(chunkSize: Int, pipe: TextSource? = nil) throws -> TextReader {
        let reader = try TextReader(pipe ?? member.map(TextSource.member) ?? .file(path), chunkSize: chunkSize)
        reader.delimiter = layout?.delimiter
        return reader
    }
}

extension DataFile.Format {
    /// Lines of text.
    var isText: Bool { self == .libsvm || self == .csv }
    /// Columns with names, which a schema gives a meaning.
    var isTable: Bool { self == .csv || isTyped }
    /// Columns whose values have types.
    var isTyped: Bool { self == .arrow || self == .parquet }
    /// Rows end with their last entry: how many columns there are is seen in the whole data.
    var hasOpenRows: Bool { self == .libsvm }

    /// For lines that say all of their rows; nil: those of a table need its schema, and arrays have none.
    func rowParser(_ options: ReadOptions) -> (any TextParser)? {
        self == .libsvm ? LIBSVMParser(options: options) : nil
    }
}
