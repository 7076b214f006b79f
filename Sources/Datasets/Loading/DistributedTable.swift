import MPI

/// The rows of a set of files, parsed and spread over the ranks as they were read; not yet at their owners.
///
/// Made by `read`, used up by one of the `assemble` functions, which send the rows to their owners and free them here.
public final class DistributedTable {
    /// N, over all files and ranks.
    public let rows: Int
    /// D: one more than the largest column met anywhere, or the table's width.
    public let columns: Int
    /// Stored (non-zero) entries over all ranks.
    public let nonZeros: Int
    /// Labels over all ranks; rows without a label are not in it.
    public let labels: LabelSummary
    /// Text labels in class order; empty for numeric labels.
    public let labelNames: [String]
    public internal(set) var hasWeights: Bool
    public let format: DataFile.Format
    /// CSV: what the columns mean.
    public let schema: TableSchema?
    public let options: ReadOptions
    /// What a row means: as the files say, or as they were read. Nil: a table.
    public let sampleShape: SampleShape?
    /// Every value is a whole number from 0 to 255, as in images.
    let holdsBytes: Bool
    /// What was done, for people.
    public internal(set) var notes: [String]

    /// Names of the identifier columns.
    public let identifierNames: [String]
    /// Texts of the identifier columns of this rank's rows in the assembled data set, row by row. Empty before
    /// `assemble(using:)` and without identifiers.
    public internal(set) var identifiers: [String] = []
    /// Labels of this rank's rows in the assembled data set, as the files have them: numbers, or places in `labelNames`; NaN
    /// where there is none. Empty before `assemble(using:)` with `keepsLabels`.
    public internal(set) var labelsAsRead: [Double] = []

    /// Of the rows as they were read, for training (see `DataDigest`); nil where a cache of before has none.
    let digest: String?

    let budget: MemoryBudget
    let threads: Int
    var communicator: any Communicator { budget.communicator }
    /// Files in the order given, with the number of their first row.
    let files: [(name: String, firstRow: Int)]
    /// What became of the cache that was asked for, for people.
    public internal(set) var cacheNotes: [String] = []
    /// Where the rows are to be kept once they are assembled, and with which options they will be.
    var cacheTarget: (target: CacheTarget, options: AssemblyOptions)?
    /// Holds the rows in place of `blocks`.
    let cached: CacheReader?
    /// This rank's rows. Emptied by assembling.
    var blocks: [RowBlock]
    var isAssembled = false
    /// Of a part of another table: which of its rows these are.
    var splitRows: SplitRows?

    /// nonZeros / (N · D).
    public var density: Double { rows * columns == 0 ? 0 : Double(nonZeros) / (Double(rows) * Double(columns)) }

    /// Collective. Numbers the rows in file order and sums up what the ranks hold.
    init(
        _ parsed: [ParsedBlock], set: FileSet, schema: TableSchema?, options: ReadOptions, notes: [String],
        identifierNames: [String], budget: MemoryBudget, threads: Int
    ) throws {
        let communicator = budget.communicator
        var parsed = parsed
        if !options.allowMissingLabels {
            for index in parsed.indices { parsed[index].block.dropUnlabelled() }
        }
        let weightless = try DistributedTable.dropWeightless(&parsed, options, communicator)
        // Labels of other files are numbers, and no places in a table's list of names.
        let schema = set.format.isTable ? schema : nil
        let numbering = try RowNumbering(parsed, files: set.files.count, communicator: communicator)
        var blocks = parsed.enumerated().map { index, entry in
            var block = entry.block
            block.firstRow = numbering.firstRows[index]
            return block
        }
        let names = try DistributedTable.unifyLabels(&blocks, names: schema?.label.names ?? [], communicator)
        let (summary, sums) = try DistributedTable.sums(blocks, areText: !names.isEmpty, communicator)
        let largest = try communicator.allreduce(
            [blocks.map(\.columnCount).max() ?? 0, blocks.contains { !$0.weights.isEmpty } ? 1 : 0], .maximum)
        rows = sums[0]
        nonZeros = sums[1]
        columns = try DistributedTable.width(max(largest[0], schema?.featureCount ?? 0), set, options)
        sampleShape = set.shape ?? options.inputShape
        holdsBytes = set.holdsBytes
        hasWeights = largest[1] == 1
        labels = summary
        labelNames = names
        format = set.format
        files = zip(set.files, numbering.firstRowOfFile).map { ($0.name, $1) }
        self.schema = schema
        self.options = options
        let tally = try DistributedTable.tally(blocks, communicator)
        self.notes = notes + tally.lines(isTraining: options.isTraining)
        if weightless > 0 { self.notes.append("\(weightless) rows of weight 0 are left out") }
        self.identifierNames = identifierNames
        self.budget = budget
        self.threads = threads
        self.blocks = blocks
        digest = options.isTraining ? try DataDigest.of(blocks, communicator) : nil
        cached = nil
        guard rows > 0 else {
            let names = files.map(\.name).joined(separator: ", ")
            throw DatasetError(
                weightless > 0
                    ? "\(names): every row has weight 0; at least two must be above 0"
                    : tally.unlabelled > 0
                        ? "\(names): no row has a label"
                        : "\(names): there are no rows, only blank lines, comments or a header")
        }
    }

    /// Some of the rows of another table, numbered among themselves. Collective.
    init(rows blocks: [RowBlock], of table: DistributedTable) throws {
        let (summary, sums) = try DistributedTable.sums(blocks, areText: table.labels.areText, table.communicator)
        (rows, nonZeros, columns) = (sums[0], sums[1], table.columns)
        (labels, labelNames, hasWeights) = (summary, table.labelNames, table.hasWeights)
        (format, schema, options) = (table.format, table.schema, table.options)
        (sampleShape, holdsBytes, notes) = (table.sampleShape, table.holdsBytes, table.notes)
        (identifierNames, digest) = (table.identifierNames, table.digest)
        (budget, threads, files, cached) = (table.budget, table.threads, table.files, nil)
        self.blocks = blocks
    }

    /// Over all ranks: labels, and the numbers of rows and of entries. Collective.
    private static func sums(
        _ blocks: [RowBlock], areText: Bool, _ communicator: any Communicator
    ) throws -> (labels: LabelSummary, counts: [Int]) {
        var labels = LabelSummary(areText: areText)
        for block in blocks { labels.add(block.labels) }
        for (rank, numbers) in try communicator.allgather(arrays: labels.numbers).enumerated()
        where rank != communicator.rank {
            labels.merge(LabelSummary(numbers: numbers))
        }
        return (
            labels,
            try communicator.allreduce(
                [blocks.reduce(0) { $0 + $1.rows }, blocks.reduce(0) { $0 + $1.nonZeros }], .sum)
        )
    }

    /// Training rows of weight 0 teach nothing: they count nowhere, as if they were not in the files. How many there were, over
    /// all ranks.
    private static func dropWeightless(
        _ parsed: inout [ParsedBlock], _ options: ReadOptions, _ communicator: any Communicator
    ) throws -> Int {
        guard options.isTraining else { return 0 }
        let dropped = parsed.indices.reduce(0) { $0 + parsed[$1].block.dropWeightless() }
        return try communicator.allreduce(dropped, .sum)
    }

    /// The table of a cache; its rows stay there until they are assembled.
    init(
        _ cached: CacheReader, set: FileSet, options: ReadOptions, budget: MemoryBudget, threads: Int
    ) {
        let table = cached.description.table
        rows = table.rows
        columns = table.columns
        nonZeros = table.nonZeros
        labels = cached.labels
        labelNames = table.labelNames
        hasWeights = table.hasWeights
        sampleShape = table.sampleShape
        holdsBytes = set.holdsBytes
        format = table.format
        schema = table.schema
        identifierNames = table.identifierNames
        notes = table.notes
        files = zip(set.files, table.firstRowOfFile).map { ($0.name, $1) }
        blocks = []
        digest = table.digest
        self.options = options
        self.budget = budget
        self.threads = threads
        self.cached = cached
    }

    /// The number of features: `found`, or more for LIBSVM files whose rows end in zeros and whose shape was stated.
    private static func width(_ found: Int, _ set: FileSet, _ options: ReadOptions) throws -> Int {
        guard set.shape == nil, let shape = options.inputShape, shape.count != found else { return found }
        guard set.format.hasOpenRows, found < shape.count || !options.isTraining else {
            throw DatasetError(
                "`inputShape` \(shape) says \(shape.count) features, but \(set.files[0].path) has \(found): "
                    + "state the shape of one row without its label")
        }
        return max(found, shape.count)
    }

    /// File and row of a row number, for messages.
    func place(ofRow row: Int) -> String {
        let file = files.last { $0.firstRow <= row } ?? files[0]
        return "\(file.name): row \(row - file.firstRow + 1)"
    }

    private static func tally(_ blocks: [RowBlock], _ communicator: any Communicator) throws -> ReadTally {
        var tally = ReadTally()
        for block in blocks { tally.add(block.tally) }
        return try mergeFromAll(tally, communicator) { $0.add($1) }
    }

    /// Gives text labels one numbering over all blocks and ranks; returns the names in class order.
    ///
    /// A block's own names count in the order it lists them; a block without names uses the schema's, if there are any,
    /// or numbers, which become text when other blocks have text.
    private static func unifyLabels(
        _ blocks: inout [RowBlock], names schemaNames: [String], _ communicator: any Communicator
    ) throws -> [String] {
        let anyText = try communicator.allreduce(blocks.contains { !$0.labelNames.isEmpty } ? 1 : 0, .maximum) == 1
        guard anyText else { return schemaNames }
        var mine = Set<String>()
        for index in blocks.indices {
            if blocks[index].labelNames.isEmpty {
                let isIndex = !schemaNames.isEmpty
                var numbers: [Double: Int] = [:]
                for row in blocks[index].labels.indices where !blocks[index].labels[row].isNaN {
                    let label = blocks[index].labels[row]
                    let number = numbers[label] ?? blocks[index].labelNames.count
                    if numbers[label] == nil {
                        numbers[label] = number
                        blocks[index].labelNames.append(
                            isIndex ? schemaNames[Int(label)] : LabelEncoding.name(of: label))
                    }
                    blocks[index].labels[row] = Double(number)
                }
            }
            mine.formUnion(blocks[index].labelNames)
        }
        let joined = Array(mine.sorted().joined(separator: "\0").utf8)
        var all = Set(schemaNames)
        for bytes in try communicator.allgather(bytes: joined) {
            all.formUnion(
                bytes.split(separator: 0, omittingEmptySubsequences: true).map { String(decoding: $0, as: UTF8.self) })
        }
        let names = LabelEncoding.sorted(all)
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Double($0)) })
        for index in blocks.indices {
            let map = blocks[index].labelNames.map { numbers[$0] ?? .nan }
            for row in blocks[index].labels.indices where !blocks[index].labels[row].isNaN {
                blocks[index].labels[row] = map[Int(blocks[index].labels[row])]
            }
            blocks[index].labelNames = []
        }
        return names
    }
}
