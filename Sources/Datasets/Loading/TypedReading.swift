import MPI

extension RowReading {
    /// Both passes over Arrow and Parquet tables, as over CSV. Collective.
    mutating func readTyped() throws {
        defer { set.converter.close() }
        // Ranks share the processors, and a converter works beside its rank.
        set.converter.threads = communicator.size == 1 ? 0 : max(1, threads)
        let layouts = set.files.compactMap(\.layout)
        let dealer = BatchDealer(set: set, communicator: communicator, threads: threads, progress: progress)
        let passes = schema == nil ? 2 : 1
        progress?.start(
            expecting: passes * dealer.expectedRows, total: set.files.reduce(0) { $0 + $1.byteCount })
        let known = try schema ?? scan(layouts, dealer)
        let parsers = try communicator.togetherOnData {
            try layouts.map { try CSVParser(schema: known, layout: $0, options: options) }
        }
        try dealer.forEachBatch(wanted: parsers.map(\.positions)) { file, batch, rows in
            try parsers[file].parse(batch, rows: rows)
        } take: { file, offset, block in
            blocks.append(ParsedBlock(file: file, offset: offset, block: block))
        }
        schema = known
        identifierNames = parsers[0].idNames
        notes = known.description + parsers.flatMap(\.notes)
    }

    /// Pass 1: what every column holds.
    private func scan(_ layouts: [TableLayout], _ dealer: BatchDealer) throws -> TableSchema {
        let (empty, wanted) = try communicator.togetherOnData {
            let scan = try CSVScan(layout: layouts[0], options: options)
            return (scan, try layouts.map { try scan.positions(in: $0) })
        }
        var looks = 0
        return try schema(from: empty) { start, take in
            looks += 1
            if looks > 1 { progress?.expect(dealer.expectedRows) }
            try dealer.forEachBatch(wanted: wanted) { file, batch, rows in
                var part = start()
                try part.add(batch, rows: rows, layout: layouts[file])
                return part
            } take: { _, _, part in
                take(part)
            }
        }
    }
}
