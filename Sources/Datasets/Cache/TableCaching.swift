import Kernels
import MPI
import Platform

extension DistributedTable {
    /// The cache file for these files and options, as rank 0 sees it. Collective. Nil without a cache, and for pipes.
    static func cacheTarget(
        _ cache: DataCache?, _ set: FileSet, _ options: ReadOptions, _ communicator: any Communicator
    ) throws -> CacheTarget? {
        guard let cache, !set.hasPipes else { return nil }
        let mine = communicator.rank == 0 ? CacheTarget(cache, set: set, options: options) : nil
        if let mine { TemporaryFile.removeLeft(beside: mine.path) }
        return try decodeFromRankZero([mine].compactMap { $0 }, communicator).first
    }

    /// The table from the cache, if it is there, in order and of these files; else what to tell the user. Collective.
    static func fromCache(
        _ cache: DataCache, _ target: CacheTarget, _ set: FileSet, options: ReadOptions, budget: MemoryBudget,
        threads: Int
    ) throws -> (table: DistributedTable?, note: String?) {
        let communicator = budget.communicator
        switch try CacheReader.open(target, options: cache.options, reading: options, communicator) {
        case .none(let note): return (nil, note)
        case .found(let reader) where reader.description.table.firstRowOfFile.count != set.files.count:
            return (nil, "\(target.path) is of another number of files: reading the data files")
        case .found(let reader):
            let table = DistributedTable(reader, set: set, options: options, budget: budget, threads: threads)
            let kept = reader.description.layout.storage
            let wanted = try budget.estimate(
                rows: table.rows, columns: table.columns, nonZeros: table.nonZeros, hasWeights: table.hasWeights,
                storage: cache.options.wantedStorage, isParsed: true
            ).storage
            guard kept == wanted else {
                return (nil, "\(target.path) holds \(kept.rawValue) rows, and this run wants \(wanted.rawValue) ones")
            }
            table.cacheTarget = (target, cache.options)
            table.cacheNotes = ["read from \(target.path) (\(formatBytes(reader.file.count)))"]
            return (table, nil)
        }
    }

    /// Phase 2 from a cache.
    func assemble(_ cached: CacheReader, _ encoding: LabelEncoding, _ options: AssemblyOptions) throws -> TrainingData {
        precondition(cacheTarget?.options == options, "the cache was opened with other options")
        try checkParts(cached.description.layout.rows, options: options)
        noteEqualLabels(encoding.kind)
        notes += cached.description.scalingNotes
        _ = try storage(options.wantedStorage, columns: columns)
        var encoding = encoding
        if encoding.kind == .values {
            encoding = .values(
                try cached.description.labelScale ?? cached.labelScale(options.labelScaling, communicator))
        }
        let rows = CachedRows(reader: cached, seed: options.seed, encoding: encoding, communicator: communicator)
        var parts = try rows.datasets()
        (parts[0].columnSquares, parts[0].columnMaxima) = (cached.columnSquares, cached.columnMaxima)
        isAssembled = true
        return trainingData(parts, cached.standardization, encoding, options)
    }

    /// Keeps assembled rows for the next run; says in `cacheNotes` how that went. Collective.
    func store(
        _ parts: [Dataset], _ standardization: Standardization, _ encoding: LabelEncoding, _ options: AssemblyOptions,
        notes: (reading: [String], scaling: [String]), in target: CacheTarget
    ) throws {
        guard let coded = codedLabels(parts, encoding) else {
            cacheNotes.append("not written: some labels differ by less than a Float can tell")
            return
        }
        let entries = try communicator.allgather(arrays: parts.map(\.features.storedEntries))
        let storage = if case .dense = parts[0].features { StorageKind.dense } else { StorageKind.sparse }
        let layout = CacheLayout(
            storage: storage, columns: columns, hasWeights: hasWeights, rows: parts.map(\.order.count),
            entries: entries, blockSize: parts[0].order.blockSize)
        let numbers = [
            labels.numbers, standardization.mean, standardization.scale, parts[0].columnSquares ?? [],
            (parts[0].columnMaxima ?? []).map { Double($0) },
        ]
        let description = CacheDescription(
            sources: target.sources, reading: self.options,
            table: CacheDescription.Table(
                rows: rows, columns: columns, nonZeros: nonZeros, labelNames: labelNames, hasWeights: hasWeights,
                format: format, schema: schema, sampleShape: sampleShape, identifierNames: identifierNames,
                firstRowOfFile: files.map(\.firstRow), notes: notes.reading, digest: digest),
            seed: options.seed, validationFraction: options.validationFraction,
            standardization: standardization.kind, labelScale: labels.isCapped ? encoding.scale : nil,
            scalingNotes: notes.scaling, numberCounts: numbers.map(\.count),
            layout: layout)
        let json = try communicator.together { try CacheHeader.json(description) }
        let writer = CacheWriter(
            target: target, json: try communicator.broadcast(bytes: json), numbers: numbers.flatMap { $0 },
            layout: layout, communicator: communicator)
        switch try writer.write(coded) {
        case .success(let size): cacheNotes.append("written to \(target.path) (\(formatBytes(size)))")
        case .failure(let error): cacheNotes.append("not written: \(error.message)")
        }
    }

    /// The parts with labels that say which of `labels.values` a row has, so that a later run may take them for classes
    /// or for values; as they are where those values are not listed. Nil where two of them became one Float.
    private func codedLabels(_ parts: [Dataset], _ encoding: LabelEncoding) -> [Dataset]? {
        guard !labels.isCapped else { return parts }
        let lookup = LabelLookup(encoding, names: labelNames)
        let map = labels.values.map { lookup($0) }
        if map == map.indices.map({ Float($0) }) { return parts }
        let codes = Dictionary(map.enumerated().map { ($1, Float($0)) }, uniquingKeysWith: { first, _ in first })
        guard codes.count == map.count else { return nil }
        return parts.map { part in
            let coded = AlignedBuffer<Float>(count: part.labels.count)
            for row in 0..<coded.count { coded[row] = codes[part.labels[row]] ?? .nan }
            return Dataset(
                order: part.order, features: part.features, shift: part.shift, labels: coded, weights: part.weights,
                squaredNorms: part.squaredNorms)
        }
    }
}

extension FeatureMatrix {
    /// Entries of sparse rows; 0 for dense ones.
    fileprivate var storedEntries: Int {
        switch self {
        case .dense: 0
        case .sparse(let matrix): matrix.nonZeros
        }
    }
}
