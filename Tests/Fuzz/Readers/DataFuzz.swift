import Kernels
import MPI

@testable import Datasets

/// Data files: read, assembled for training, and read once more as new rows for a model.
struct DataFuzz {
    private let folder: FuzzFolder
    private let target: FuzzTarget

    init(_ folder: FuzzFolder, _ target: FuzzTarget) {
        self.folder = folder
        self.target = target
    }

    /// Little more than a rank needs for a table without columns: what is refused for its size stays small here.
    static let memoryLimit = (64 << 20) + 400_000

    func read(_ bytes: [UInt8]) {
        var choice = ContentChoice(bytes)
        let path = folder.write(name(&choice), bytes)
        if bytes.starts(with: ParquetFile.magic) {
            // What lies before its footer is for the converter, which is not tried here.
            _ = try? DataFile(path: path)
            return
        }
        var options = options(&choice)
        var assembly = AssemblyOptions()
        assembly.storage = [nil, .dense, .sparse][choice.next(3)]
        assembly.standardization = [nil, .zscore, .maxabs, .unit, StandardizationKind.none][choice.next(5)]
        assembly.isForNetwork = choice.next(4) == 0
        assembly.validationFraction = [0, 0.3][choice.next(2)]
        let labels = choice.next(2) == 0 ? LabelKind.values : .classes
        guard let table = table(path, options, nil),
            let data = try? table.assembleTraining(labels: labels, options: assembly)
        else { return }
        touch(data.training)
        options.allowMissingLabels = true
        options.isTraining = false
        guard let again = self.table(path, options, data.preprocessing.schema),
            let rows = try? again.assemble(using: data.preprocessing, refusesUnknownLabels: choice.next(2) == 0)
        else { return }
        touch(rows)
    }

    private func table(_ path: String, _ options: ReadOptions, _ schema: TableSchema?) -> DistributedTable? {
        try? DistributedTable.read(
            [path], options: options, schema: schema, memoryLimit: Self.memoryLimit, communicator: SoloCommunicator())
    }

    private func name(_ choice: inout ContentChoice) -> String {
        switch target {
        case .libsvm: "data.svm"
        case .csv: "data.csv"
        case .gzip: ["data.svm.gz", "data.csv.gz", "data.npy.gz", "images-idx3-ubyte.gz"][choice.next(4)]
        default: "data." + target.rawValue
        }
    }

    private func options(_ choice: inout ContentChoice) -> ReadOptions {
        var options = ReadOptions()
        switch target {
        case .libsvm:
            options.format = .libsvm
            options.zeroBased = choice.next(2) == 0
            options.allowMissingLabels = choice.next(4) == 0
            if choice.next(8) == 0 { options.inputShape = SampleShape(channels: 1, height: 3, width: 3) }
        case .csv:
            options.format = .csv
            options.label = [nil, "1", "-1", "y"][choice.next(4)]
            if choice.next(4) == 0 { options.id = ["2"] }
            if choice.next(4) == 0 { options.weight = "3" }
            if choice.next(8) == 0 { options.drop = ["2"] }
            options.header = [.auto, .auto, .present, .absent][choice.next(4)]
        case .npy, .idx, .npz, .gzip:
            options.label = [nil, "-1", "1"][choice.next(3)]
            options.allowMissingLabels = choice.next(2) == 0
            if choice.next(8) == 0 { options.inputShape = SampleShape(channels: 1, height: 6, width: 6) }
            if target != .gzip, choice.next(2) == 0 {
                options.format = ReadOptions.Format(rawValue: target.rawValue) ?? .auto
            }
        case .arrow:
            options.format = [.auto, .arrow][choice.next(2)]
            options.label = [nil, "1", "-1", "label"][choice.next(4)]
            if choice.next(4) == 0 { options.id = ["2"] }
            if choice.next(4) == 0 { options.weight = "3" }
            if choice.next(2) == 0 { options.drop = ["2"] }
            if choice.next(4) == 0 { options.categorical = ["1"] }
            if choice.next(4) == 0 { options.missing = ["1"] }
        default: break
        }
        return options
    }
}

/// Reads every number of the rows.
func touch(_ rows: Dataset) {
    var sum: Float = 0
    for row in 0..<rows.order.localCount {
        switch rows.features {
        case .dense(let matrix): for column in 0..<matrix.columns { sum += matrix.row(row)[column] }
        case .sparse(let matrix):
            for entry in matrix.rowOffsets[row]..<matrix.rowOffsets[row + 1] {
                sum += matrix.values[entry] * (Int(matrix.columnIndices[entry]) < matrix.columns ? 1 : .nan)
            }
        }
        sum += rows.labels[row] + (rows.weights?[row] ?? 0) + rows.squaredNorms[row]
    }
    TouchedNumbers.sum += Double(sum)
}

/// Keeps the compiler from leaving out what nobody looks at.
enum TouchedNumbers {
    nonisolated(unsafe) static var sum = 0.0
}
