import MPI

extension DistributedTable {
    /// Phase 1 of loading: parses the files in parallel. Collective; all ranks pass the same arguments.
    ///
    /// - Parameters:
    ///   - paths: files of one format, in the order that numbers their rows; gzip and plain may mix. "-" is standard input.
    ///   - schema: for CSV, what the columns meant in training; nil makes a schema from a first pass over the files.
    ///   - storage: as will be asked for when the table is assembled; matters for the memory needed.
    ///   - memoryLimit: bytes a rank may use; nil: what its node has available, divided over the ranks there.
    ///   - threads: threads of this rank that parse and scale.
    ///   - cache: where training data is kept from one run to the next; for `assembleTraining` with the same options.
    ///   - progress: told how far this rank has come.
    ///   - report: told the memory needed, on every rank, before the data is read (not for standard input).
    ///   - accept: told the shape of a sample before any is read, where the files or `inputShape` state one; may throw, the
    ///     same on every rank.
    /// - Throws: the same error on every rank, with file and line where a line is at fault; data that does not fit into
    ///   memory is refused before it is read.
    public static func read(
        _ paths: [String], options: ReadOptions = ReadOptions(), schema: TableSchema? = nil,
        storage: StorageKind? = nil, memoryLimit: Int? = nil, threads: Int = 1, cache: DataCache? = nil,
        communicator: any Communicator, progress: LoadProgress? = nil,
        report: (MemoryEstimate) -> Void = { _ in }, accept: (SampleShape) throws -> Void = { _ in }
    ) throws -> DistributedTable {
        let set = try FileSet(paths, options: options, communicator: communicator)
        if let shape = set.shape ?? options.inputShape { try accept(shape) }
        let budget = try MemoryBudget(limit: memoryLimit, communicator: communicator)
        let target = try cacheTarget(cache, set, options, communicator)
        var cacheNote: String?
        if let cache, let target {
            let found = try fromCache(cache, target, set, options: options, budget: budget, threads: threads)
            if let table = found.table { return table }
            cacheNote = found.note
        }
        if let estimate = try budget.estimate(before: set, options: options, schema: schema, storage: storage) {
            report(estimate)
        }
        let dealer = LineDealer(set: set, communicator: communicator, threads: threads, progress: progress)
        let passes = set.format == .csv && schema == nil ? 2 : 1
        progress?.start(
            expecting: passes * dealer.expectedBytes, total: set.files.reduce(0) { $0 + $1.byteCount })
        var parsed: [ParsedBlock] = []
        var notes: [String] = []
        var identifierNames: [String] = []
        var schema = schema
        switch set.format {
        case .libsvm:
            guard let parser = set.format.rowParser(options) else { break }
            try dealer.forEachChunk { _, chunk in
                try parser.parse(chunk)
            } take: { file, offset, block in
                parsed.append(ParsedBlock(file: file, offset: offset, block: block))
            }
        case .csv:
            let layouts = set.files.compactMap(\.layout)
            let known = try schema ?? scan(layouts, dealer: dealer, options: options)
            schema = known
            let parsers = try communicator.togetherOnData {
                try layouts.map { try CSVParser(schema: known, layout: $0, options: options) }
            }
            identifierNames = parsers[0].idNames
            notes = known.description + parsers.flatMap(\.notes)
            try dealer.forEachChunk { file, chunk in
                try parsers[file].parse(chunk)
            } take: { file, offset, block in
                parsed.append(ParsedBlock(file: file, offset: offset, block: block))
            }
        case .npy, .npz, .idx, .hdf5:
            notes = set.files.flatMap { ($0.array?.notes ?? $0.sparse?.notes) ?? [] }
            parsed = try readArrays(set, dealer, options, progress)
        }
        let table = try DistributedTable(
            parsed.filter { $0.block.rows > 0 || $0.block.columnCount > 0 }, set: set, schema: schema, options: options,
            notes: notes, identifierNames: identifierNames, budget: budget, threads: threads)
        // A sample may have missed the largest feature: what is made next has a number for every one.
        if options.isTraining {
            _ = try budget.estimate(
                rows: table.rows, columns: table.columns, nonZeros: table.nonZeros, hasWeights: table.hasWeights,
                storage: storage, isParsed: true)
        }
        if let cache, let target { table.cacheTarget = (target, cache.options) }
        table.cacheNotes = [cacheNote].compactMap { $0 }
        return table
    }

    /// Pass 1 over CSV: what every column holds.
    private static func scan(
        _ layouts: [TableLayout], dealer: LineDealer, options: ReadOptions
    ) throws -> TableSchema {
        let communicator = dealer.communicator
        guard dealer.set.standardInput == nil, !dealer.set.files[0].isStandardInput else {
            throw DatasetError("CSV for training is read twice, which standard input does not allow: give a file")
        }
        let empty = try communicator.togetherOnData { try CSVScan(layout: layouts[0], options: options) }
        var scan = empty
        try dealer.forEachChunk { file, chunk in
            var part = empty
            try part.add(chunk, layout: layouts[file])
            return part
        } take: { _, _, part in
            scan.merge(part)
        }
        scan = try mergeFromAll(scan, communicator) { $0.merge($1) }
        return try communicator.togetherOnData { try TableSchema(scan: scan, options: options) }
    }
}
