import ArgumentParser
import Cluster
import Datasets
import Evaluation
import MPI
import Models
import Platform
import Runs
import Telemetry

struct PredictCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Write predictions for the rows of DATA as CSV.",
        discussion: """
            Examples:
              crescendo predict --model runs/clicks new.svm > predictions.csv
              zcat new.csv.gz | crescendo predict --model model.safetensors -
              mpirun -n 8 crescendo predict --model runs/clicks new.svm --output predictions.csv

            One line per row of DATA, in its order: the identifying columns (--id), then the label and the \
            probability of each class, or the value. Rows need no label.
            """)

    @Option(help: ArgumentHelp("A run folder or a model file.", valueName: "run"), completion: .file())
    var model: String

    @Argument(help: ArgumentHelp("Data files, or - for standard input.", valueName: "data"), completion: .file())
    var data: [String]

    @Option(help: ArgumentHelp("Write to a file (default: standard output).", valueName: "file"))
    var output: String?

    @Flag(help: "Replace --output if it exists.")
    var overwrite = false

    @OptionGroup(title: "Reading") var reading: ReadingOptions

    @Option(
        help: ArgumentHelp("End the job when a rank does not answer for this long (default: 10m).", valueName: "time"))
    var stallTimeout: StallTimeout?
}

extension PredictCommand {
    func run(on world: any Communicator) throws -> Int32 { try PredictJob(command: self, world: world).run() }
}

/// `crescendo predict` on all ranks.
struct PredictJob {
    let command: PredictCommand
    let world: any Communicator

    /// Bytes of text that a rank gathers before it sends them.
    private static let pieceSize = 1 << 20

    func run() throws -> Int32 {
        let threads = try ThreadCount.settle(nil, world, note: Console(speaks: world.rank == 0).note)
        let file = try world.together { try ModelLocation(command.model).read() }
        let sink = try world.onRoot { try openSink() }
        do {
            try predict(file, threads, into: sink)
        } catch {
            sink?.abandon()
            throw error
        }
        try world.onRoot { try sink?.finish() }
        return 0
    }

    /// On rank 0, before anything is read.
    private func openSink() throws -> PredictionSink {
        if let path = command.output, access(path, F_OK) == 0, !command.overwrite {
            throw FileWriteError(path: path, reason: "it exists; choose another --output, or add --overwrite")
        }
        return try PredictionSink(path: command.output)
    }

    private func predict(_ file: ModelFile, _ threads: Int, into sink: PredictionSink?) throws {
        var options = command.reading.applied(toStored: try StoredReading(text: file.notes["reading"]).options)
        options.allowMissingLabels = true
        let table = try DistributedTable.read(
            command.data, options: options, schema: file.preprocessing.schema, communicator: world)
        let dataset = try table.assemble(using: file.preprocessing, order: .file, refusesUnknownLabels: false)
        tellNotes(of: table, file, Console(speaks: world.rank == 0))

        let trained = try TrainedModel(
            file.specification, parameters: file.parameters, labels: file.preprocessing.labels,
            threads: threads)
        let text = PredictionText(file, identifierNames: table.identifierNames)
        try world.onRoot { try sink?.write(Array(text.header.utf8)) }
        var rows = PredictionPieces(trained, text, dataset, table.identifiers, pieceSize: Self.pieceSize)
        try OrderedOutput(world: world).write(next: { rows.next() }, sink: { try sink?.write($0) })
        let odd = try world.allreduce(rows.notFinite, .sum)
        let first = try world.allreduce(rows.firstNotFinite ?? .max, .minimum)
        if odd > 0 {
            Console(speaks: world.rank == 0).warn(
                "\(NumberFormat.count(odd)) of \(NumberFormat.count(dataset.order.count)) predictions "
                    + "\(odd == 1 ? "is not a finite number" : "are not finite numbers"), first of row \(first + 1): "
                    + "its values are too large for this model")
        }
    }
}

/// Says what reading these rows brought up; what was said in training is not repeated. On standard error: standard
/// output may carry the predictions.
func tellNotes(of table: DistributedTable, _ file: ModelFile, _ console: Console) {
    for note in table.notes where !file.preprocessing.notes.contains(note) { console.note(spelled(note).printable) }
}

/// This rank's lines, a piece at a time.
struct PredictionPieces {
    private let trained: TrainedModel
    private let text: PredictionText
    private let dataset: Dataset
    private let identifiers: [String]
    private let pieceSize: Int
    private var row = 0
    /// Rows whose prediction is no finite number, and the first of them, from 0.
    private(set) var notFinite = 0
    private(set) var firstNotFinite: Int?

    init(
        _ trained: TrainedModel, _ text: PredictionText, _ dataset: Dataset, _ identifiers: [String], pieceSize: Int
    ) {
        self.trained = trained
        self.text = text
        self.dataset = dataset
        self.identifiers = identifiers
        self.pieceSize = pieceSize
    }

    /// nil at the end.
    mutating func next() -> [UInt8]? {
        let count = dataset.order.localCount
        let width = count == 0 ? 0 : identifiers.count / count
        var piece = ""
        while row < count, piece.utf8.count < pieceSize {
            let end = min(row + 1024, count)
            forEachPrediction(trained.model, trained.parameters, dataset, row..<end) { row, outputs in
                if !outputs.allSatisfy(\.isFinite) {
                    notFinite += 1
                    firstNotFinite = firstNotFinite ?? dataset.order.position(ofLocal: row)
                }
                text.append(identifiers[row * width..<(row + 1) * width], outputs, to: &piece)
            }
            row = end
        }
        return piece.isEmpty ? nil : Array(piece.utf8)
    }
}
