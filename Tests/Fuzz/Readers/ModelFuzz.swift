import Datasets
import Evaluation
import MPI
import Models
import Runs

@testable import crescendo

/// A model file: shown, and used on rows of a table and of a LIBSVM file.
struct ModelFuzz {
    private let folder: FuzzFolder

    init(_ folder: FuzzFolder) { self.folder = folder }

    private static let table = "a,b,city,y\n1,2,Rome,yes\n3,,Paris,no\n5,6,Oslo,yes\n"

    func read(_ bytes: [UInt8]) {
        let path = folder.write("model.safetensors", bytes)
        guard (try? InfoFuzz.job(path)?.lines()) != nil, let file = try? ModelLocation(path).read() else { return }
        predict(file, folder.write("new.csv", Array(Self.table.utf8)))
        predict(file, folder.write("new.svm", Array(CacheFuzz.text.utf8)))
    }

    private func predict(_ file: ModelFile, _ data: String) {
        guard var options = try? StoredReading(text: file.notes["reading"]).options else { return }
        options.allowMissingLabels = true
        guard
            let table = try? DistributedTable.read(
                [data], options: options, schema: file.preprocessing.schema, memoryLimit: DataFuzz.memoryLimit,
                communicator: SoloCommunicator()),
            let rows = try? table.assemble(
                using: file.preprocessing, order: .file, refusesUnknownLabels: false, keepsLabels: true),
            let trained = try? TrainedModel(
                file.specification, parameters: file.parameters, labels: file.preprocessing.labels, threads: 1)
        else { return }
        let prediction = Prediction(file, threshold: try? PredictionThreshold(0.5, positive: nil, file))
        let facts = PredictedRows(table, rows, withLabels: true)
        let forms: [any PredictionForm] = [PredictionText(prediction, facts), PredictionArray(prediction, facts)]
        for form in forms {
            TouchedNumbers.sum += Double(form.head(rows: rows.order.count).count)
            var pieces = PredictionPieces(trained, form, rows, pieceSize: 1 << 10)
            while let piece = pieces.next() { TouchedNumbers.sum += Double(piece.count) }
        }
    }
}

/// `info` on a path. Parsing a command line takes longer than all that it does.
enum InfoFuzz {
    nonisolated(unsafe) private static var command: InfoCommand?

    static func job(_ path: String) -> InfoJob? {
        if command == nil { command = try? InfoCommand.parse([path]) }
        command?.path = path
        return command.map { InfoJob(command: $0, world: SoloCommunicator()) }
    }
}
