/// A file whose columns have types: Arrow (Feather) or Parquet.
enum TypedTable: Codable, Sendable, Equatable {
    case arrow(ArrowFile)
    case parquet(ParquetFile)

    init(path: String, format: DataFile.Format) throws {
        self = format == .parquet ? .parquet(try ParquetFile(path: path)) : .arrow(try ArrowFile(path: path))
    }

    var columns: [String] {
        switch self {
        case .arrow(let file): file.schema.fields.map(\.name)
        case .parquet(let file): file.columns
        }
    }

    var rows: Int {
        switch self {
        case .arrow(let file): file.rows
        case .parquet(let file): file.rows
        }
    }

    /// Arrow or Parquet; nil: it is something else.
    static func format(_ path: String, _ options: ReadOptions) throws -> DataFile.Format? {
        if options.format == .arrow { return .arrow }
        if options.format == .parquet { return .parquet }
        // One array of a file has its name behind it.
        guard options.format == .auto, ArrayPath(path).name == nil else { return nil }
        let file = try InputFile(path: path)
        var head = [UInt8](repeating: 0, count: 8)
        let got = try head.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        head.removeLast(head.count - got)
        if head.starts(with: ParquetFile.magic) || head.starts(with: ParquetFile.encrypted) { return .parquet }
        if head.starts(with: ArrowFile.magic) || head.starts(with: ArrowFile.continuation) { return .arrow }
        if head.starts(with: "FEA1".utf8) {
            throw ParseError(
                file: path,
                message: "is a Feather file of version 1; write it as version 2 (pyarrow.feather.write_feather)")
        }
        // By its name; reading it will say what is wrong.
        let name = path.lowercased()
        if name.hasSuffix(".parquet") { return .parquet }
        return [".feather", ".arrow", ".arrows", ".ipc"].contains(where: name.hasSuffix) ? .arrow : nil
    }

    /// Where three samples of so many rows begin: the start, the middle and the end, where one may begin anywhere at no cost.
    func starts(ofParts part: Int) -> [Int] {
        if case .parquet = self { return [0] }
        return rows <= 3 * part ? Array(stride(from: 0, to: rows, by: part)) : [0, (rows - part) / 2, rows - part]
    }

    /// Reads some of the rows.
    func reader(
        rows: Range<Int>, wanted: [Int], converter: ParquetConverter, pool: ChunkPool
    ) throws -> any ArrowReader {
        switch self {
        case .arrow(let file): try ArrowFileReader(file, rows: rows, wanted: wanted)
        case .parquet(let file): ParquetReader(file, rows: rows, wanted: wanted, converter: converter, pool: pool)
        }
    }
}
