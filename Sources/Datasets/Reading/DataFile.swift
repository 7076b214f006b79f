/// What a data file is: found from its first bytes and its name, the same on every rank.
public struct DataFile: Codable, Sendable, Equatable {
    public enum Format: String, Codable, Sendable { case libsvm, csv, npy, npz, idx, arrow, parquet }

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
    /// NPY, NPZ and IDX only: what the array is and where its labels are.
    var array: ArrayTable?

    /// How messages name it.
    var name: String { member?.name ?? (path == "-" ? "standard input" : path) }

    /// Bytes that are dealt out to ranks: those of an array's records, else of the file.
    var dealtBytes: Int { array.map { $0.rows * $0.data.header.bytesPerRow } ?? byteCount }

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
            let array = try ArrayTable(path: path, options: options, labels: labels)
            return [DataFile(array, path: path, format: format)]
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
            throw ParseError(file: reader.file, message: "arrays and typed tables do not come through pipes or packed: give a file")
        }
        layout = format == .csv ? try TableLayout(head: head, options: options) : nil
    }

    private static func labelsInside(_ path: String) -> ParseError {
        ParseError(file: path, message: "`labels` is for arrays (NPY, NPZ, IDX); this file has its labels in it")
    }

    private init(_ table: TypedTable, path: String, format: Format) throws {
        self.path = path
        self.format = format
        isSequential = false
        byteCount = try InputFile(path: path).byteCount
        self.table = table
        layout = try TableLayout(file: path, names: table.columns)
    }

    private init(_ array: ArrayTable, path: String, format: Format) {
        self.path = path
        self.format = format
        isSequential = array.data.source.isPacked
        byteCount = array.data.source.packedCount
        self.array = array
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

/// Tables in a zip archive, as they are downloaded.
private enum ZipTexts {
    /// Nil: this is no archive. Throws `ParseError`: one without texts.
    static func members(_ path: String) throws -> [ArraySource]? {
        guard try NPZMembers.isArchive(path) else { return nil }
        let members = try ZipArchive(path: path).members
        let names = members.compactMap(\.member)
        guard !names.contains("xl/workbook.xml"), !names.contains("content.xml") else {
            throw ParseError(file: path, message: "is a spreadsheet; save the sheet as CSV")
        }
        let texts = members.filter { member in
            let parts = (member.member ?? "").split(separator: "/", omittingEmptySubsequences: false)
            return !parts.contains { $0.isEmpty || $0.hasPrefix(".") || $0.hasPrefix("_") }
        }
        guard !texts.isEmpty else { throw ParseError(file: path, message: "is a zip archive without tables in it") }
        return texts
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

/// Tells the formats apart.
struct FormatSniffer {
    static let headSize = 1 << 16
    private let head: TextChunk
    private let file: String
    private let bytes: [UInt8]
    private let path: String

    init(head: TextChunk, path: String) {
        self.head = head
        file = head.file
        bytes = head.bytes
        self.path = path
    }

    func format(_ options: ReadOptions) throws -> DataFile.Format {
        if let said = DataFile.Format(rawValue: options.format.rawValue) { return said }
        if bytes.starts(with: NPYHeader.magic) { return .npy }
        if IDXHeader.isHead(bytes) { return .idx }
        try refuseForeign()
        let packed = [".gz", ".xz", ".bz2", ".zst", ")"]
        let name = packed.reduce(path.lowercased()) { $0.hasSuffix($1) ? String($0.dropLast($1.count)) : $0 }
        if [".csv", ".tsv"].contains(where: name.hasSuffix) { return .csv }
        if [".svm", ".libsvm", ".svmlight"].contains(where: name.hasSuffix) { return .libsvm }
        return try fromContent()
    }

    /// The format of a file of arrays; nil: it is something else, or text.
    static func arrayFormat(_ path: String, _ options: ReadOptions) throws -> DataFile.Format? {
        if let said = DataFile.Format(rawValue: options.format.rawValue) { return said.isText ? nil : said }
        if try NPZMembers.isArchive(path) {
            let members = try ZipArchive(path: path).members
            return members.contains { $0.member?.hasSuffix(".npy") ?? false } ? .npz : nil
        }
        let head = try ArraySource(file: path).head(8)
        if head.starts(with: NPYHeader.magic) { return .npy }
        if IDXHeader.isHead(head) { return .idx }
        // By its name an IDX file; reading its head will say what is wrong.
        let name = path.split(separator: "/").last ?? ""
        return ["-ubyte", "-ubyte.gz", ".idx", ".idx.gz"].contains(where: name.hasSuffix) ? .idx : nil
    }

    private func refuseForeign() throws {
        let known: [([UInt8], String)] = [
            ([0x50, 0x4B, 0x03, 0x04], "is a zip archive, which does not come through a pipe; give the file"),
            ([0x50, 0x41, 0x52, 0x31], "is a Parquet file, and is not read in sequence: give it as a file"),
            (ArrowFile.magic, "is an Arrow file, and is not read in sequence: give it as a file"),
            ([0x89, 0x48, 0x44, 0x46], "is an HDF5 file; export it as CSV, LIBSVM or NPY"),
        ]
        for (magic, message) in known where bytes.starts(with: magic) {
            throw ParseError(file: file, message: message)
        }
    }

    /// LIBSVM when every looked-at line has only a label and `index:value` fields, at least one of them; else CSV when
    /// there is a delimiter.
    private func fromContent() throws -> DataFile.Format {
        let lines = bytes.split(separator: 0x0A, maxSplits: 50).prefix(50)
        var pairs = 0
        var isLIBSVM = true
        for line in lines {
            let code = line.prefix { $0 != 0x23 }
            for (place, token) in code.split(whereSeparator: { $0 <= 0x20 }).enumerated() {
                if FormatSniffer.isPair(token) {
                    pairs += 1
                } else if place > 0 {
                    isLIBSVM = false
                }
            }
        }
        if isLIBSVM, pairs > 0 { return .libsvm }
        let isSplit = head.withTerminatedBytes { TableLayout.splitsAlike($0, at: 0x20) }
        if isSplit || bytes.contains(where: { TableLayout.delimiters.contains($0) }) { return .csv }
        throw ParseError(
            file: file,
            message:
                "the format is not recognised; say which it is with `format` libsvm, csv, npy, npz, idx, arrow or parquet"
        )
    }

    /// `digits:value` or a qid field; a time of day beside a delimiter is neither.
    private static func isPair(_ token: ArraySlice<UInt8>) -> Bool {
        guard let colon = token.firstIndex(of: 0x3A), colon > token.startIndex,
            !token.contains(where: { TableLayout.delimiters.contains($0) })
        else { return false }
        return token[..<colon].allSatisfy { $0 &- 0x30 <= 9 || $0 == 0x2D } || token[..<colon].elementsEqual("qid".utf8)
    }
}
