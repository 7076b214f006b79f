import MPI
import Synchronization

extension DistributedTable {
    /// Both passes over Arrow and Parquet tables, as over CSV. Collective.
    static func readTyped(
        _ set: FileSet, schema: TableSchema?, options: ReadOptions, threads: Int, communicator: any Communicator,
        progress: LoadProgress?
    ) throws -> (parsed: [ParsedBlock], schema: TableSchema, parsers: [CSVParser]) {
        defer { set.converter.close() }
        // Ranks share the processors, and a converter works beside its rank.
        set.converter.threads = communicator.size == 1 ? 0 : max(1, threads)
        let layouts = set.files.compactMap(\.layout)
        let dealer = BatchDealer(set: set, communicator: communicator, threads: threads, progress: progress)
        let passes = schema == nil ? 2 : 1
        progress?.start(
            expecting: passes * dealer.expectedRows, total: set.files.reduce(0) { $0 + $1.byteCount })
        let known = try schema ?? scan(layouts, dealer: dealer, options: options)
        let parsers = try communicator.togetherOnData {
            try layouts.map { try CSVParser(schema: known, layout: $0, options: options) }
        }
        var parsed: [ParsedBlock] = []
        try dealer.forEachBatch(wanted: parsers.map(\.positions)) { file, batch, rows in
            try parsers[file].parse(batch, rows: rows)
        } take: { file, offset, block in
            parsed.append(ParsedBlock(file: file, offset: offset, block: block))
        }
        return (parsed, known, parsers)
    }

    /// Pass 1: what every column holds.
    private static func scan(
        _ layouts: [TableLayout], dealer: BatchDealer, options: ReadOptions
    ) throws -> TableSchema {
        let communicator = dealer.communicator
        let (empty, wanted) = try communicator.togetherOnData {
            let scan = try CSVScan(layout: layouts[0], options: options)
            return (scan, try layouts.map { try scan.positions(in: $0) })
        }
        var scan = empty
        // What a scan of rows begins with.
        let start = Mutex(empty)
        try dealer.forEachBatch(wanted: wanted) { file, batch, rows in
            var part = start.withLock { $0 }
            try part.add(batch, rows: rows, layout: layouts[file])
            return part
        } take: { _, _, part in
            scan.merge(part)
            start.withLock { $0.skipNumbers(of: scan) }
        }
        scan = try mergeFromAll(scan, communicator) { $0.merge($1) }
        return try communicator.togetherOnData { try TableSchema(scan: scan, options: options) }
    }
}
