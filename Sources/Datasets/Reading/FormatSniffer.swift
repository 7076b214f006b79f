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
            ([0x50, 0x4B, 0x03, 0x04], "is a zip archive, which does not come through a pipe; give the file"),
            ([0x50, 0x41, 0x52, 0x31], "is a Parquet file, and is not read in sequence: give it as a file"),
            (ArrowFile.magic, "is an Arrow file, and is not read in sequence: give it as a file"),
            ([0x89, 0x48, 0x44, 0x46], "is an HDF5 file, and is not read in sequence: give it as a file"),
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
                } else if place > 0 || token.contains(where: TableLayout.delimiters.contains) {
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
                "the format is not recognised; say which it is with `format` libsvm, csv, npy, npz, idx, hdf5, arrow or parquet"
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
