import Datasets
import MPI
import Platform
import Telemetry

/// A model whose parameters no rank has memory for.
struct ModelMemoryError: Error, CustomStringConvertible {
    var description: String
}

/// What the parameters of a model take in training, before the first of them is made.
enum ModelMemory {
    /// Parameters, direction, velocity and the last sound parameters as Floats, the gradient as Doubles: no run does with
    /// less.
    static let bytesPerParameter = 24

    /// Refuses what cannot fit. Collective.
    /// - Parameters:
    ///   - folds: of a choice of λ, the models of which, and those of the best λ so far, are there besides; 0: there is none.
    ///   - limit: bytes that a rank may use; nil: what its host has left for it.
    static func check(parameters: Int, folds: Int = 0, limit: Int?, _ world: any Communicator) throws {
        let (needed, isBeyond) = parameters.multipliedReportingOverflow(by: bytesPerParameter + 8 * folds)
        let room = try MemoryBudget(limit: limit, communicator: world).room(beside: 0)
        guard isBeyond || needed > room else { return try world.throwTogether(nil) }
        try world.throwTogether(
            ModelMemoryError(
                description:
                    "a model of \(NumberFormat.count(parameters)) parameters takes \(NumberFormat.bytes(needed)) of "
                    + "memory on each rank at least, and \(NumberFormat.bytes(room)) are left: take "
                    + (folds > 0 ? "fewer folds (--cv), or a number for --l2" : "a smaller --model or --network")
                    + ", or fewer ranks on each host"))
    }
}
