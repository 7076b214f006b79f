import Models

/// All that a run depends on between two iterations: a trainer that starts from it goes on as if the run had never stopped.
///
/// To the last bit, on any number of ranks. Numbers go to the encoder as they are, long arrays to the `SnapshotTensors` in its
/// `userInfo`, from which the decoder takes them again. It refers to the memory of the trainer that made it: encode it before
/// that trainer goes on.
public struct Snapshot: Codable {
    /// Iterations done.
    public var iteration: Int { state.iteration }
    /// K of the next iteration, before it grows.
    public var batchSize: Int { state.batchSize }
    /// Training time up to here, over all attempts.
    public internal(set) var seconds: Double

    var state: TrainerState
    /// d of the last step.
    @Stored var direction: [Float]
    /// What the rules remember; no direction where that has come to its end (see `TrainingBatch.endAdaptation`).
    var stepRule: KeptState
    var fullStep: KeptState
    var aim: KeptState?
    /// `BatchRule.noisyPasses`, which the data may have decided.
    var noisyPasses: Double
    var objective: ObjectiveState
    var reducer: Reducer.Account
    var validation: ValidationState?
    /// The run is over but for what is written of it: what it came to. Nil while it goes on.
    var ended: EndedRun?
}

/// What a run came to, and what it was asked for.
struct EndedRun: Codable {
    var result: TrainingResult
    var tolerance: Double
    var patience: Int
    /// Nil: the run was before there was a choice.
    var certifies: Bool?

    /// Whether the run would end here if it were asked for this.
    func stands(for configuration: TrainerConfiguration) -> Bool {
        configuration.tolerance >= tolerance && configuration.patience <= patience
            && (!configuration.certify || certifies != false)
    }
}

/// What `Objective` has learned and counted.
struct ObjectiveState: Codable {
    var gradientsEvaluated: Int
    var rowsRead: Int
    var computeSeconds: Double
    var leastLoss: Double
    var scales: SumScales
    var stretchScales: StretchScales
    @Stored var columnExponents: [Float]
    @Stored var columnCounts: [Float]
    var preconditioner: StoredPreconditioner
    var preconditionerSampleSize: Int
    var estimate: PreconditionerEstimate?
    var walk: WalkPath?

    /// Without all that the rows tell of their columns.
    var withoutColumns: ObjectiveState {
        var rest = self
        (rest.columnExponents, rest.columnCounts) = ([], [])
        (rest.estimate, rest.walk) = (nil, nil)
        rest.preconditioner = StoredPreconditioner(.identity)
        rest.preconditionerSampleSize = 0
        return rest
    }
}

/// A snapshot of another model or other data.
public struct SnapshotMismatch: Error, CustomStringConvertible {
    public let description: String
}

/// Takes snapshots of a run. Asked and told on the rank that has one; the ranks agree on the moment by a flag.
public protocol SnapshotKeeper: AnyObject {
    /// It is time for a snapshot. Asked before every reduction; must return at once.
    var isDue: Bool { get }
    /// The state after an iteration. An error ends the run on this rank.
    /// - Parameter isLast: the run stops here, for whatever reason but divergence.
    func keep(_ snapshot: Snapshot, isLast: Bool) throws
}
