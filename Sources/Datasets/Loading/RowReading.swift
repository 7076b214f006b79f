import Kernels
import MPI
import Synchronization

/// Reads the rows of a set of files, once it is known what the files are.
struct RowReading {
    private(set) var set: FileSet
    let options: ReadOptions
    /// CSV: what the columns mean; found out where it is not known.
    var schema: TableSchema?
    let threads: Int
    let progress: LoadProgress?
    let communicator: any Communicator
    /// What this rank has read.
    var blocks: [ParsedBlock] = []
    var notes: [String] = []
    var identifierNames: [String] = []

    init(
        set: FileSet, options: ReadOptions, schema: TableSchema?, threads: Int, progress: LoadProgress?,
        communicator: any Communicator
    ) {
        self.set = set
        self.options = options
        self.schema = schema
        self.threads = threads
        self.progress = progress
        self.communicator = communicator
    }

    /// Collective.
    mutating func run() throws {
        switch set.format {
        case .libsvm:
            guard let parser = set.format.rowParser(options) else { break }
            try take(dealer()) { _, chunk in try parser.parse(chunk) }
        case .csv: try readCSV()
        case .arrow, .parquet: try readTyped()
        case .npy, .npz, .idx, .hdf5: try readArrays()
        }
    }

    /// - Parameter mayReread: there may be a second pass, which is then to be expected.
    func dealer(mayReread: Bool = false) -> LineDealer {
        var dealer = LineDealer(
            set: set, communicator: communicator, threads: threads, keepsPipes: mayReread, progress: progress)
        // What is found out about the columns of a chunk is made anew for each: it has many rows, however wide they are.
        let columns = set.files.compactMap { $0.layout?.columns.count }.max() ?? 0
        dealer.chunkSize = max(dealer.chunkSize, min(columns * 800, 1 << 26))
        progress?.start(
            expecting: dealer.expectedBytes, total: set.files.reduce(0) { $0 + $1.byteCount })
        return dealer
    }

    mutating func take(
        _ dealer: LineDealer, _ parse: @Sendable (_ file: Int, TextChunk) throws -> RowBlock
    ) throws {
        try dealer.forEachChunk(parse) { file, offset, block in
            blocks.append(ParsedBlock(file: file, offset: offset, block: block))
        }
    }

    private mutating func readCSV() throws {
        let dealer = dealer(mayReread: schema == nil)
        do {
            try readCSV(dealer)
        } catch let error as DatasetError {
            // A part of a file may begin within quotes that hold line ends: what is there is known to who comes from its start.
            guard set.files.contains(where: { !$0.isSequential && !$0.isPiped }),
                try communicator.allreduce(dealer.metQuotes.isSet.load(ordering: .relaxed) ? 1 : 0, .maximum) == 1
            else { throw error }
            set = set.inSequence
            (blocks, notes) = ([], [])
            try readCSV(self.dealer(mayReread: schema == nil))
        }
    }

    private mutating func readCSV(_ dealer: LineDealer) throws {
        let layouts = set.files.compactMap(\.layout)
        let (known, kept) = try schema.map { ($0, nil) } ?? scan(layouts, dealer)
        let parsers = try communicator.togetherOnData {
            try layouts.map { try CSVParser(schema: known, layout: $0, options: options) }
        }
        identifierNames = parsers[0].idNames
        notes = known.description + parsers.flatMap(\.notes)
        if let kept {
            blocks += kept
        } else {
            try take(dealer) { file, chunk in try parsers[file].parse(chunk) }
        }
        schema = known
    }

    /// Pass 1 over CSV: what every column holds, and the rows, where they need no second pass.
    private func scan(
        _ layouts: [TableLayout], _ dealer: LineDealer
    ) throws -> (schema: TableSchema, kept: [ParsedBlock]?) {
        let empty = try communicator.togetherOnData { try CSVScan(layout: layouts[0], options: options) }
        // Set once any chunk has rows that cannot be kept.
        let isOver = Flag()
        let (progress, bytes) = (progress, dealer.expectedBytes)
        @Sendable func end() { if isOver.raise() { progress?.expect(bytes) } }
        if !empty.mayKeepRows { end() }
        var rows: [ParsedBlock] = []
        var looks = 0
        let schema = try schema(from: empty) { start, take in
            looks += 1
            if looks > 1 {
                // They are not numbers only.
                end()
                progress?.expect(bytes)
            }
            try dealer.forEachChunk { file, chunk in
                var part = start()
                let keeping = !isOver.isSet.load(ordering: .relaxed)
                let block = try part.add(chunk, layout: layouts[file], keeping: keeping)
                if block == nil { end() }
                return (part, block)
            } take: { file, offset, result in
                take(result.0)
                if isOver.isSet.load(ordering: .relaxed) {
                    rows = []
                } else if let block = result.1 {
                    rows.append(ParsedBlock(file: file, offset: offset, block: block))
                }
            }
        }
        let isWhole = !isOver.isSet.load(ordering: .relaxed) && schema.suits(rows.map(\.block))
        guard try communicator.allreduce(isWhole ? 1 : 0, .minimum) == 1 else {
            end()
            return (schema, nil)
        }
        return (schema, settled(rows, schema, empty.keptColumns))
    }

    private func settled(_ rows: [ParsedBlock], _ schema: TableSchema, _ positions: [Int]) -> [ParsedBlock] {
        var rows = rows
        let count = rows.count
        rows.withUnsafeMutableBufferPointer { rows in
            // Unsafe: every thread has blocks of its own.
            nonisolated(unsafe) let rows = rows
            concurrently(threads) { thread in
                for index in stride(from: thread, to: count, by: threads) {
                    rows[index].block = rows[index].block.settled(schema, positions: positions)
                }
            }
        }
        return rows
    }

    /// What all rows show. Collective.
    ///
    /// - Parameter read: makes a scan of every part of the rows, from what `start` gives, and hands it to `take`.
    func schema(
        from empty: CSVScan, read: (_ start: @Sendable () -> CSVScan, _ take: (CSVScan) -> Void) throws -> Void
    ) throws -> TableSchema {
        var scan = try merged(empty, notingAll: false, read)
        if scan.needsAllNumbers { scan = try merged(empty, notingAll: true, read) }
        return try communicator.togetherOnData { try TableSchema(scan: scan, options: options) }
    }

    private func merged(
        _ empty: CSVScan, notingAll: Bool,
        _ read: (_ start: @Sendable () -> CSVScan, _ take: (CSVScan) -> Void) throws -> Void
    ) throws -> CSVScan {
        var scan = empty
        scan.notesAllNumbers = notingAll
        let next = Mutex(scan)
        func take(_ part: CSVScan) {
            scan.merge(part)
            next.withLock { $0.skipNumbers(of: scan) }
        }
        try read({ next.withLock { $0 } }, take)
        return try mergeFromAll(scan, communicator) { $0.merge($1) }
    }
}
