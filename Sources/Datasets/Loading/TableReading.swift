import MPI

extension DistributedTable {
    /// Phase 1 of loading: parses the files in parallel. Collective; all ranks pass the same arguments.
    ///
    /// - Parameters:
    ///   - paths: files of one format, in the order that numbers their rows; packed and plain may mix. A
    ///     folder stands for its files, a pattern for those it matches, "-" for standard input.
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
        var reading = RowReading(
            set: set, options: options, schema: schema, threads: threads, progress: progress,
            communicator: communicator)
        try reading.run()
        let table = try DistributedTable(
            reading.blocks.filter { $0.block.rows > 0 || $0.block.columnCount > 0 }, set: set, schema: reading.schema,
            options: options, notes: reading.notes, identifierNames: reading.identifierNames, budget: budget,
            threads: threads)
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
}
