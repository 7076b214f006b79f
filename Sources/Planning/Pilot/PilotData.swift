import BigBatch
import Datasets
import MPI
import Models
import Platform

/// The data of a pilot as all ranks hold it, and the model to train on it.
package struct PilotData {
    package let training: Dataset
    package let validation: Dataset?
    package let specification: ModelSpecification
    package let labels: LabelEncoding
    package let model: any Model
    package let modelName: String
    package let l2: Double
    package let tolerance: Double
    /// Mean ‖x‖² of a row, intercept included.
    package let meanSquaredNorm: Double
    /// Options of `train` for the same data and model.
    package let trainOptions: [String]
    private let files: [String]
    private let world: any Communicator

    /// Collective.
    package init(
        files: [String], training: Dataset, validation: Dataset?, specification: ModelSpecification,
        labels: LabelEncoding, model: any Model, modelName: String, l2: Double, tolerance: Double,
        trainOptions: [String], world: any Communicator
    ) throws {
        self.files = files
        self.training = training
        self.validation = validation
        self.specification = specification
        self.labels = labels
        self.model = model
        self.modelName = modelName
        self.l2 = l2
        self.tolerance = tolerance
        self.trainOptions = trainOptions
        self.world = world
        let sum = (0..<training.order.localCount).reduce(0.0) { $0 + Double(training.squaredNorms[$1]) }
        meanSquaredNorm =
            try world.broadcastValue(world.allreduce(sum, .sum) / Double(training.order.count)) + 1
    }

    /// Rows to train on: what was asked for, or all that leave time for every method on every number of ranks and fit into
    /// half of rank 0's memory. The same on all ranks. Collective.
    package func sampleRows(asked: Int?, secondsPerRow: Double, seconds: Double?, counts: [Int]) throws -> Int {
        let rows = training.order.count
        if let asked { return min(asked, rows) }
        // Sum of the shares that rank 0 holds at once, one for each number of ranks.
        let shares = counts.reduce(0) { $0 + 1 / Double($1) }
        var most = Double(rows)
        if let seconds, secondsPerRow > 0 {
            // About forty passes for each of six methods in a third of the time.
            most = min(most, max(1000, 0.35 * seconds / (240 * secondsPerRow * shares)))
        }
        let bytesPerRow =
            switch training.features {
            case .dense(let matrix): 4 * Double(matrix.stride)
            case .sparse(let matrix): 8 * Double(matrix.nonZeros) / Double(max(1, matrix.rows))
            }
        let room = 0.5 * Double(min(AvailableMemory().bytes, AvailableMemory.addressSpace))
        most = min(most, max(1000, room / (shares * (bytesPerRow + 24))))
        return max(2, min(rows, Int(try world.broadcastValue(most))))
    }

    /// The sample and the rows held back, for each number of ranks. Collective.
    package func spread(_ count: Int, _ groups: RankGroups) throws -> [Int: GroupData] {
        var parts: [Int: GroupData] = [:]
        for ranks in groups.counts {
            guard ranks < world.size || count < training.order.count else {
                parts[ranks] = GroupData(training: training, validation: validation)
                continue
            }
            let rows = try training.spread(over: ranks, count: count, communicator: world)
            let held = try validation?.spread(
                over: ranks, count: validation?.order.count ?? 0, communicator: world)
            if let rows { parts[ranks] = GroupData(training: rows, validation: held) }
        }
        return parts
    }

    package func facts(_ sample: Int) -> PilotFile.Data {
        PilotFile.Data(
            files: files, rows: training.order.count, features: specification.featureCount,
            parameters: model.parameterCount, model: modelName, sampleRows: sample,
            validationRows: validation?.order.count ?? 0, l2: l2)
    }
}
