/// What a data file is: found from its first bytes and its name, the same on every rank.
public struct DataFile: Codable, Sendable, Equatable {
    public enum Format: String, Codable, Sendable { case libsvm, csv, npy }

    public var path: String
    public var format: Format
    /// Gzip: readable only in sequence (`TextReader(stream:)`).
    public var isCompressed: Bool
    public var isStandardInput: Bool
    /// Bytes on disk; 0 for standard input.
    public var byteCount: Int
    /// CSV only: delimiter, header and column names.
    public var layout: TableLayout?

    /// Looks at a file. Throws `ParseError`: cannot open, empty, format not recognised, and what `TableLayout` throws.
    public init(path: String, options: ReadOptions = ReadOptions()) throws {
        try self.init(sniffing: TextReader(stream: path, chunkSize: FormatSniffer.headSize), options: options)
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
        if format == .npy, isCompressed || isStandardInput {
            throw ParseError(file: reader.file, message: "NPY is read by position: give it as a plain file (gunzip it)")
        }
        layout = format == .csv ? try TableLayout(head: head, options: options) : nil
    }
}

/// Tells LIBSVM, CSV and NPY apart.
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
        switch options.format {
        case .libsvm: return .libsvm
        case .csv: return .csv
        case .npy: return .npy
        case .auto: break
        }
        if bytes.starts(with: NPYHeader.magic) { return .npy }
        try refuseForeign()
        let name = path.lowercased().hasSuffix(".gz") ? path.lowercased().dropLast(3) : path.lowercased()[...]
        if [".csv", ".tsv"].contains(where: name.hasSuffix) { return .csv }
        if [".svm", ".libsvm", ".svmlight"].contains(where: name.hasSuffix) { return .libsvm }
        return try fromContent()
    }

    private func refuseForeign() throws {
        let known: [([UInt8], String)] = [
            ([0x28, 0xB5, 0x2F, 0xFD], "is zstd-compressed; decompress it or use gzip"),
            ([0x42, 0x5A, 0x68], "is bzip2-compressed; decompress it or use gzip"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "is xz-compressed; decompress it or use gzip"),
            ([0x50, 0x4B, 0x03, 0x04], "is a zip archive (or .npz, .xlsx); unpack it"),
            ([0x50, 0x41, 0x52, 0x31], "is a Parquet file; export it as CSV"),
            ([0x89, 0x48, 0x44, 0x46], "is an HDF5 file; export it as CSV, LIBSVM or NPY"),
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
            message: "the format is not recognised; say which it is with --format libsvm, csv or npy")
    }

    /// `digits:value` or a qid field; a time of day beside a delimiter is neither.
    private static func isPair(_ token: ArraySlice<UInt8>) -> Bool {
        guard let colon = token.firstIndex(of: 0x3A), colon > token.startIndex,
            !token.contains(where: { TableLayout.delimiters.contains($0) })
        else { return false }
        return token[..<colon].allSatisfy { $0 &- 0x30 <= 9 || $0 == 0x2D } || token[..<colon].elementsEqual("qid".utf8)
    }
}
