/// What a few parts of the files say about all of them: read by one rank before the others start.
struct DataSample {
    /// Over all files, extrapolated by bytes.
    var rows = 0.0
    var nonZeros = 0.0
    /// The largest seen; for LIBSVM the whole data may have more.
    var columns = 0
    var hasWeights = false

    private static let partSize = 1 << 18
    private static let largestFileCount = 8
    private static let largestRow = 1 << 28

    /// Nil where nothing can be said beforehand: standard input, and data in error, which the reading itself reports.
    init?(_ set: FileSet, options: ReadOptions, schema: TableSchema?) {
        guard set.standardInput == nil, !set.files[0].isStandardInput else { return nil }
        do {
            guard set.files[0].format.isText else {
                for file in set.files {
                    if let array = file.array { try add(array) }
                    if let sparse = file.sparse { add(sparse.matrix) }
                }
                return
            }
            let picked = set.files.count <= Self.largestFileCount ? set.files[...] : set.files[..<Self.largestFileCount]
            for file in picked { try add(file, options: options, schema: schema) }
            let bytes = picked.reduce(0) { $0 + Double($1.byteCount) }
            let factor = set.files.reduce(0) { $0 + Double($1.byteCount) } / max(bytes, 1)
            rows *= factor
            nonZeros *= factor
        } catch {
            return nil
        }
    }

    private mutating func add(_ array: ArrayTable) throws {
        rows += Double(array.rows)
        columns = max(columns, array.columns)
        // Where a row alone is that large, columns decide what fits, and reading one to learn more might not.
        guard array.data.header.bytesPerRow <= Self.largestRow else { return }
        let block = try array.read(
            0..<min(array.rows, max(1, Self.partSize / (8 * max(1, array.columns)))), withLabels: false)
        nonZeros += Double(block.values.count) * Double(array.rows) / Double(max(1, block.rows))
    }

    private mutating func add(_ matrix: StoredMatrix) {
        rows += Double(matrix.rows)
        columns = max(columns, matrix.columns)
        nonZeros += Double(matrix.entries)
    }

    /// Adds one text file, extrapolated from its parts.
    private mutating func add(_ file: DataFile, options: ReadOptions, schema: TableSchema?) throws {
        let parts = try Self.parts(of: file)
        let parser: any TextParser
        if file.format == .csv, let layout = file.layout {
            var known = schema
            if known == nil {
                var scan = try CSVScan(layout: layout, options: options)
                for chunk in parts.chunks { try scan.add(chunk, layout: layout) }
                known = try TableSchema(scan: scan, options: options)
            }
            guard let known else { return }
            parser = try CSVParser(schema: known, layout: layout, options: options)
            columns = max(columns, known.featureCount)
        } else {
            guard let rows = file.format.rowParser(options) else { return }
            parser = rows
        }
        // Bytes of the file that the parts stand for.
        var sampledRows = 0
        var sampledEntries = 0
        for chunk in parts.chunks {
            let block = try parser.parse(chunk)
            sampledRows += block.rows
            sampledEntries += block.values.count
            columns = max(columns, block.columnCount)
            hasWeights = hasWeights || !block.weights.isEmpty
        }
        let factor = Double(file.byteCount) / max(parts.fileBytes, 1)
        rows += Double(sampledRows) * factor
        nonZeros += Double(sampledEntries) * factor
    }

    /// Plain files: the start, the middle and the end. Gzip: the start, and the compressed bytes it took.
    private static func parts(of file: DataFile) throws -> (chunks: [TextChunk], fileBytes: Double) {
        if file.isCompressed {
            let reader = try TextReader(stream: file.path, chunkSize: 4 * partSize)
            let chunks = [try reader.next()].compactMap { $0 }
            return (chunks, Double(reader.bytesTaken))
        }
        var chunks: [TextChunk] = []
        for part in 0..<3 {
            let start =
                file.byteCount <= 3 * partSize ? file.byteCount / 3 * part : (file.byteCount - partSize) / 2 * part
            let end = file.byteCount <= 3 * partSize && part < 2 ? file.byteCount / 3 * (part + 1) : start + partSize
            let range = start..<min(end, file.byteCount)
            if let chunk = try TextReader(path: file.path, range: range, chunkSize: partSize).next() {
                chunks.append(chunk)
            }
        }
        return (chunks, chunks.reduce(0) { $0 + Double($1.count) })
    }
}
