import BigBatch
import Datasets
import Foundation
import MPI
import Models

/// `mpirun -n 2 quantile FILE.csv LABEL`: the nine-tenths quantile of LABEL, linear in the other columns.
@main
struct Main {
    static func main() throws {
        let environment = try MPIEnvironment.start()
        let world = environment.world
        guard CommandLine.arguments.count == 3 else {
            if world.rank == 0 { print("quantile FILE.csv LABEL") }
            return try environment.finalize()
        }
        do {
            try train(file: CommandLine.arguments[1], label: CommandLine.arguments[2], world)
            try environment.finalize()
        } catch let error as DatasetError {
            // All ranks know of it.
            if world.rank == 0 { print("quantile: \(error)") }
            try environment.finalize()
            exit(1)
        } catch {
            // One word from whichever rank sees it first; none is left waiting.
            environment.abort("quantile: \(error)", code: 1)
        }
    }

    private static func train(file: String, label: String, _ world: any Communicator) throws {
        // Every rank reads a part of the file; rows are in the seed's order, whoever holds them.
        var options = ReadOptions()
        options.label = label
        let table = try DistributedTable.read([file], options: options, communicator: world)
        var assembly = AssemblyOptions()
        assembly.standardization = .zscore
        let data = try table.assembleTraining(labels: .values, options: assembly)

        let loss = SmoothPinball(quantile: 0.9)
        let model = LinearModel(loss, featureCount: data.preprocessing.featureCount)
        var configuration = TrainerConfiguration()
        configuration.tolerance = 1e-5
        // Rules of one's own, or those of the library: JumpGrowth grows the batch by the noise of its gradient.
        let method = Method(
            growth: JumpGrowth(theta: configuration.theta), step: CautiousStep(), fullStep: QuasiNewtonStep(),
            preconditioner: .auto)
        let trainer = Trainer(
            model: model, dataset: data.training, communicator: world, configuration: configuration, method: method)
        let result = try trainer.run()

        let rows = data.training
        var predictions = [Float](repeating: 0, count: rows.all.count)
        predictions.withUnsafeMutableBufferPointer { predictions in
            result.parameters.withUnsafeBufferPointer { model.predict(rows.all, at: $0, into: predictions) }
        }
        let below = zip(rows.all.rows, predictions).count { row, prediction in rows.labels[row] < prediction }
        let share = try Double(world.allreduce(below, .sum)) / Double(rows.order.count)
        if world.rank == 0 {
            print(
                "\(result.stopReason.explanation) after \(result.iterations) iterations, objective \(result.objective)")
            print("\((share * 1000).rounded() / 10) % of the labels are below the fitted quantile")
        }
    }
}
