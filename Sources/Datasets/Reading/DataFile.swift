/// What a data file is: found from its first bytes and its name, the same on every rank.
public struct DataFile: Codable, Sendable, Equatable {
    public enum Format: String, Codable, Sendable { case libsvm, csv, npy, npz, idx, hdf5 }

    public var path: String
    public var format: Format
    /// Readable only in sequence.
    public var isCompressed: Bool
    public var isStandardInput: Bool
    /// Bytes on disk; 0 for standard input.
    public var byteCount: Int
    /// CSV only: delimiter, header and column names.
    public var layout: TableLayout?
    /// NPY, NPZ, IDX and HDF5 only: what the array is and where its labels are.
    var array: ArrayTable?
    /// The same of a sparse matrix.
    var sparse: SparseTable?

    /// Bytes that are dealt out to ranks: those of an array's records or a matrix' entries, else of the file.
    var dealtBytes: Int {
        array.map { $0.rows * $0.data.header.bytesPerRow } ?? sparse?.matrix.dealtBytes ?? byteCount
    }
    /// What is on disk, where `path` names an array in it.
    var filePath: String { array?.data.source.path ?? sparse?.matrix.values.source.path ?? path }
    /// Those that are in an array of their own.
    var labels: LabelArray? { array?.labels ?? sparse?.labels }

    /// Looks at a file. Throws `ParseError`: cannot open, empty, format not recognised, and what `TableLayout` and
    /// `ArrayTable` throw.
    ///
    /// - Parameter labels: for arrays, the file with the labels.
    public init(path: String, options: ReadOptions = ReadOptions(), labels: String? = nil) throws {
        guard let format = try FormatSniffer.arrayFormat(path, options) else {
            guard labels == nil else {
                throw ParseError(
                    file: path, message: "`labels` is for arrays (NPY, NPZ, IDX, HDF5); this file has its labels in it")
            }
            var size = FormatSniffer.headSize
            var reader = try TextReader(stream: path, chunkSize: size)
            // A header of many names may be longer than that, and says little without rows below it.
            while let head = try reader.peek(), head.count >= size, head.lines < 3, size < TextReader.longestLine {
                size *= 16
                reader = try TextReader(stream: path, chunkSize: size)
            }
            try self.init(sniffing: reader, options: options)
            return
        }
        try self.init(arraysOf: path, format, options: options, labels: labels)
    }

    private init(arraysOf path: String, _ format: Format, options: ReadOptions, labels: String?) throws {
        self.path = path
        self.format = format
        isStandardInput = false
        if options.weight != nil || !options.drop.isEmpty || !options.id.isEmpty {
            throw ParseError(file: path, message: "`weight`, `drop` and `id` are for CSV files; this is an array")
        }
        let contents = try ArrayContents.find(path, options)
        switch contents.rows {
        case .dense(let data):
            array = try ArrayTable(data, contents, path: path, options: options, labels: labels)
            isCompressed = data.source.isPacked
            byteCount = data.source.packedCount
        case .sparse(let matrix):
            sparse = try SparseTable(matrix, contents, path: path, options: options, labels: labels)
            isCompressed = matrix.isPacked
            byteCount = matrix.storedBytes
        }
    }

    /// Looks at the first chunk of a reader, which stays in the reader. The way for standard input.
    public init(sniffing reader: TextReader, options: ReadOptions = ReadOptions()) throws {
        path = reader.path
        isCompressed = reader.isCompressed
        isStandardInput = path == "-"
        byteCount = reader.byteCount
        guard let head = try reader.peek() else {
            throw ParseError(file: reader.file, message: "is empty: there are no rows to read")
        }
        format = try FormatSniffer(head: head, path: path).format(options)
        guard format.isText else {
            throw ParseError(file: reader.file, message: "arrays do not come from standard input: give a file")
        }
        layout = format == .csv ? try TableLayout(head: head, options: options) : nil
    }
}

extension DataFile.Format {
    /// Lines of text.
    var isText: Bool { self == .libsvm || self == .csv }
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
    private let file: String
    private let bytes: [UInt8]
    private let path: String

    init(head: TextChunk, path: String) {
        file = head.file
        bytes = head.bytes
        self.path = path
    }

    func format(_ options: ReadOptions) throws -> DataFile.Format {
        if let said = DataFile.Format(rawValue: options.format.rawValue) { return said }
        if bytes.starts(with: NPYHeader.magic) { return .npy }
        if IDXHeader.isHead(bytes) { return .idx }
        try refuseForeign()
        let name = path.lowercased().hasSuffix(".gz") ? path.lowercased().dropLast(3) : path.lowercased()[...]
        if [".csv", ".tsv"].contains(where: name.hasSuffix) { return .csv }
        if [".svm", ".libsvm", ".svmlight"].contains(where: name.hasSuffix) { return .libsvm }
        return try fromContent()
    }

    /// The format of a file of arrays; nil: it is something else, or standard input.
    static func arrayFormat(_ path: String, _ options: ReadOptions) throws -> DataFile.Format? {
        if let said = DataFile.Format(rawValue: options.format.rawValue) { return said.isText ? nil : said }
        guard path != "-" else { return nil }
        let place = ArrayPath(path)
        if try NPZMembers.isArchive(place.file) {
            let members = try ZipArchive(path: place.file).members
            return members.contains { $0.member?.hasSuffix(".npy") ?? false } ? .npz : nil
        }
        if try HDF5Contents.isHDF5(try InputFile(path: place.file)) { return .hdf5 }
        // Other files hold one array.
        guard place.name == nil else { return nil }
        let head = try ArraySource(file: path).head(8)
        if head.starts(with: NPYHeader.magic) { return .npy }
        if IDXHeader.isHead(head) { return .idx }
        // By its name an IDX file; reading its head will say what is wrong.
        let name = path.split(separator: "/").last ?? ""
        return ["-ubyte", "-ubyte.gz", ".idx", ".idx.gz"].contains(where: name.hasSuffix) ? .idx : nil
    }

    private func refuseForeign() throws {
        let known: [([UInt8], String)] = [
            ([0x28, 0xB5, 0x2F, 0xFD], "is zstd-compressed; decompress it or use gzip"),
            ([0x42, 0x5A, 0x68], "is bzip2-compressed; decompress it or use gzip"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "is xz-compressed; decompress it or use gzip"),
            ([0x50, 0x4B, 0x03, 0x04], "is a zip archive without NumPy arrays (or .xlsx); unpack it"),
            ([0x50, 0x41, 0x52, 0x31], "is a Parquet file; export it as CSV"),
            ([0xFF, 0xFE], "is UTF-16 text; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)"),
            ([0xFE, 0xFF], "is UTF-16 text; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)"),
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
        if bytes.contains(where: { TableLayout.delimiters.contains($0) }) { return .csv }
        throw ParseError(
            file: file,
            message: "the format is not recognised; say which it is with `format` libsvm, csv, npy, npz, idx or hdf5")
    }

    /// `digits:value` or a qid field; a time of day beside a delimiter is neither.
    private static func isPair(_ token: ArraySlice<UInt8>) -> Bool {
        guard let colon = token.firstIndex(of: 0x3A), colon > token.startIndex,
            !token.contains(where: { TableLayout.delimiters.contains($0) })
        else { return false }
        return token[..<colon].allSatisfy { $0 &- 0x30 <= 9 || $0 == 0x2D } || token[..<colon].elementsEqual("qid".utf8)
    }
}
