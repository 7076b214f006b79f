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
        abstract: "Write predictions for the rows of DATA as CSV or as a NumPy array.",
        discussion: """
            Examples:
              crescendo predict --model runs/clicks new.svm > predictions.csv
              zcat new.csv.gz | crescendo predict --model model.safetensors -
              mpirun -n 8 crescendo predict --model runs/clicks new.svm --output predictions.npy
              crescendo predict --model runs/clicks new.svm --threshold 0.2

            One line per row of DATA, in its order: the identifying columns (--id), then the label and the \
            probability of each class, or the value. Rows need no label.
            """)

    @Option(help: ArgumentHelp("A run folder or a model file.", valueName: "run"), completion: .file())
    var model: String

    @Argument(help: ArgumentHelp("Data files, or - for standard input.", valueName: "data"), completion: .file())
    var data: [String]

    @Option(
        help: ArgumentHelp(
            "Write to a file (default: standard output).",
            discussion: """
                CSV, or for a name that ends in .npy an array of its numbers, a row for each: the probabilities of the classes \
                in their order, or the margin, in Float32; or the value in Float64.
                """,
            valueName: "file"), completion: .file())
    var output: String?

    @Flag(help: "Replace --output if it exists.")
    var overwrite = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Two classes: call a row the positive one from this probability on (default: the likelier class).",
            discussion: """
                The positive class is --positive. A squared-hinge model has no probabilities: it is a margin then, of which 0 \
                is the default.
                """, valueName: "P"),
        transform: NumberRange.any.parse)
    var threshold: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The class of --threshold (default: that of train --positive, else the second, as crescendo info lists them).",
            discussion: "evaluate and reports speak of the rarer class where training was given no --positive.",
            valueName: "class"))
    var positive: String?

    @Flag(
        help: ArgumentHelp(
            "Add what the label of each row is: the column actual, of values residual too, actual minus value.",
            discussion: "Empty where a row has no label."))
    var actual = false

    @OptionGroup(title: "Reading") var reading: ReadingOptions

    @Option(
        help: ArgumentHelp("End the job when a rank does not answer for this long (default: 10m).", valueName: "time"))
    var stallTimeout: StallTimeout?
}

extension PredictCommand {
    var isArray: Bool { output?.lowercased().hasSuffix(".npy") ?? false }

    func check() throws {
        if positive != nil, threshold == nil {
            throw OptionsError(text: "--positive says whose probability --threshold is: add --threshold 0.5, say.")
        }
        if threshold != nil, isArray {
            throw OptionsError(
                text:
                    "--threshold decides the label, and a .npy file holds probabilities only: leave it out, or write CSV."
            )
        }
    }

    func run(on world: any Communicator) throws -> Int32 { try PredictJob(command: self, world: world).run() }
}

/// `crescendo predict` on all ranks.
struct PredictJob {
    let command: PredictCommand
    let world: any Communicator

    /// Bytes that a rank gathers before it sends them.
    private static let pieceSize = 1 << 20
    /// Bytes that it makes before the first are sent, as the others do.
    private static let headStart = 64 << 20

    func run() throws -> Int32 {
        let console = Console(speaks: world.rank == 0)
        let threads = try ThreadCount.settle(nil, world, note: console.note)
        let file = try world.together { try ModelLocation(command.model).read() }
        let threshold = try command.threshold.map {
            try PredictionThreshold($0, positive: command.positive, file)
        }
        if command.actual, command.isArray, !file.classLabels.isEmpty {
            throw UsageError(
                description:
                    "--actual is the name of a class, and a .npy file holds numbers only: leave it out, or write "
                    + "CSV")
        }
        if let threshold { console.note(threshold.note(file).printable) }
        let sink = try world.onRoot { try openSink() }
        do {
            try predict(file, threshold, threads, into: sink)
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

    private func predict(
        _ file: ModelFile, _ threshold: PredictionThreshold?, _ threads: Int, into sink: PredictionSink?
    ) throws {
        var options = command.reading.applied(toStored: try StoredReading(text: file.notes["reading"]).options)
        options.allowMissingLabels = true
        let table = try DistributedTable.read(
            command.data, options: options, schema: file.preprocessing.schema, communicator: world)
        guard !command.actual || table.labels.count > 0 else {
            throw DatasetError(
                "\(command.data[0]) has no labels for --actual: leave it out, or say where they are by `label` or `labels`"
            )
        }
        let dataset = try table.assemble(
            using: file.preprocessing, order: .file, refusesUnknownLabels: false, keepsLabels: command.actual)
        tellNotes(of: table, file, Console(speaks: world.rank == 0))

        let trained = try TrainedModel(
            file.specification, parameters: file.parameters, labels: file.preprocessing.labels,
            threads: threads)
        let rows = PredictedRows(table, dataset, withLabels: command.actual)
        let prediction = Prediction(file, threshold: threshold)
        let form: any PredictionForm =
            command.isArray ? PredictionArray(prediction, rows) : PredictionText(prediction, rows)
        try world.onRoot { try sink?.write(form.head(rows: dataset.order.count)) }
        var pieces = PredictionPieces(trained, form, dataset, pieceSize: Self.pieceSize)
        if world.size > 1 { pieces.prepare(bytes: Self.headStart) }
        try OrderedOutput(world: world).write(next: { pieces.next() }, sink: { try sink?.write($0) })
        let odd = try world.allreduce(pieces.notFinite, .sum)
        let first = try world.allreduce(pieces.firstNotFinite ?? .max, .minimum)
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
