import ArgumentParser
import Cluster
import Datasets
import Evaluation
import MPI
import Models
import Platform
import Runs
import Telemetry

struct EvaluateCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Judge a model on labelled rows.",
        discussion: """
            Examples:
              crescendo evaluate --model runs/clicks held-out.svm
              mpirun -n 8 crescendo evaluate --model runs/clicks held-out.svm --json

            Prints accuracy, log loss and AUC for classes, RMSE, MAE and R² for values, and what the same answer for all rows
            would score.
            """)

    @Option(help: ArgumentHelp("A run folder or a model file.", valueName: "run"), completion: .file())
    var model: String

    @Argument(help: ArgumentHelp("Data files.", valueName: "data"), completion: .file())
    var data: [String]

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Reading") var reading: ReadingOptions

    @Option(
        help: ArgumentHelp("End the job when a rank does not answer for this long (default: 10m).", valueName: "time"))
    var stallTimeout: StallTimeout?
}

extension EvaluateCommand {
    func run(on world: any Communicator) throws -> Int32 { try EvaluateJob(command: self, world: world).run() }
}

/// `crescendo evaluate` on all ranks.
struct EvaluateJob {
    let command: EvaluateCommand
    let world: any Communicator

    func run() throws -> Int32 {
        let console = Console(speaks: world.rank == 0)
        let threads = try ThreadCount.settle(nil, world, note: console.note)
        let file = try world.together { try ModelLocation(command.model).read() }
        let options = command.reading.applied(toStored: try StoredReading(text: file.notes["reading"]).options)
        let table = try DistributedTable.read(
            command.data, options: options, schema: file.preprocessing.schema, communicator: world)
        let dataset = try table.assemble(using: file.preprocessing, order: .file)
        tellNotes(of: table, file, console)

        let trained = try TrainedModel(
            file.specification, parameters: file.parameters, labels: file.preprocessing.labels,
            threads: threads)
        let quality = try Quality.measure(
            trained, on: dataset, detailed: command.json, isUnseen: true,
            positive: file.notes["positive"] == nil ? nil : 1, communicator: world)
        if command.json {
            console.print(quality.json.text)
        } else {
            let classes = file.classLabels
            if let verdict = quality.verdict(rows: "rows", classes: classes) { console.print(verdict) }
            console.print("\(NumberFormat.count(quality.rows)) rows: \(quality.text)")
            for line in quality.lines("", classes: classes).dropFirst() { console.print("  " + line.text) }
        }
        return 0
    }
}
