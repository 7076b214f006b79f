import Datasets
import MPI
import Models
import Telemetry

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
        let quality = try Quality.measure(trained, on: dataset, communicator: world)
        if command.json {
            console.print(quality.json.text)
        } else {
            console.print("\(NumberFormat.count(quality.rows)) rows: \(quality.text)")
        }
        return 0
    }
}
