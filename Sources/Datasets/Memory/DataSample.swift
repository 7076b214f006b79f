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
        guard !set.hasPipes else { return nil }
        do {
            guard set.files[0].format.isText || set.files[0].format.isTyped else {
                for file in set.files {
                    if let array = file.array { try add(array) }
                    if let sparse = file.sparse { add(sparse.matrix) }
                }
                return
            }
            guard !set.files[0].format.isTyped else {
                for file in set.files.prefix(Self.largestFileCount) {
                    try add(file, options: options, schema: schema, converter: set.converter)
                }
                let sampled = set.files.prefix(Self.largestFileCount).reduce(0) { $0 + ($1.table?.rows ?? 0) }
                rows = Double(set.files.reduce(0) { $0 + ($1.table?.rows ?? 0) })
                nonZeros *= rows / max(Double(sampled), 1)
                return
            }
            let picked = set.files.count <= Self.largestFileCount ? set.files[...] : set.files[..<Self.largestFileCount]
            for file in picked { try add(file, options: options, schema: schema) }
            let bytes = picked.reduce(0) { $0 + Double($1.byteCount) }
            let factor = set.files.reduce(0) { $0 + Double($1.byteCount) } / max(bytes, 1)
            rows *= factor
            nonZeros *= factor
        } catch {
            // It may be about to answer still.
            set.converter.close()
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
        nonZeros += Double(block.nonZeros) * Double(array.rows) / Double(max(1, block.rows))
    }

    /// Adds one table of typed columns, of which rows from the start, the middle and the end say how many entries there are.
    private mutating func add(
        _ file: DataFile, options: ReadOptions, schema: TableSchema?, converter: ParquetConverter
    ) throws {
        guard let table = file.table, let layout = file.layout else { return }
        var scan = schema == nil ? try CSVScan(layout: layout, options: options) : nil
        var wanted = try scan?.positions(in: layout) ?? []
        if let schema { wanted = try CSVParser(schema: schema, layout: layout, options: options).positions }
        // A row of many columns is a sample by itself.
        let part = max(1, Self.partSize / (8 * wanted.count))
        var batches: [ArrowBatch] = []
        for start in table.starts(ofParts: part) {
            let end = min(table.rows, start + part)
            let reader = try table.reader(rows: start..<end, wanted: wanted, converter: converter, pool: ChunkPool())
            while let piece = try reader.next() { batches.append(try piece.decode()) }
        }
        var known = schema
        if known == nil {
            for batch in batches { try scan?.add(batch, rows: 0..<batch.rows, layout: layout) }
            known = try scan.map { try TableSchema(scan: $0, options: options) }
        }
        guard let known else { return }
        let parser = try CSVParser(schema: known, layout: layout, options: options)
        columns = max(columns, known.featureCount)
        var (sampledRows, sampledEntries) = (0, 0)
        for batch in batches {
            let block = try parser.parse(batch, rows: 0..<batch.rows)
            sampledRows += block.rows
            sampledEntries += block.nonZeros
            hasWeights = hasWeights || !block.weights.isEmpty
        }
        nonZeros += Double(sampledEntries) * Double(table.rows) / Double(max(1, sampledRows))
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
            sampledEntries += block.nonZeros
            columns = max(columns, block.columnCount)
            hasWeights = hasWeights || !block.weights.isEmpty
        }
        let factor = Double(file.byteCount) / max(parts.fileBytes, 1)
        rows += Double(sampledRows) * factor
        nonZeros += Double(sampledEntries) * factor
    }

    /// Plain files: the start, the middle and the end. Packed ones: the start, and the packed bytes it took.
    private static func parts(of file: DataFile) throws -> (chunks: [TextChunk], fileBytes: Double) {
        if file.isSequential {
            let reader = try file.open(chunkSize: 4 * partSize)
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
