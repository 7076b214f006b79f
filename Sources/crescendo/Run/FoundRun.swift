import Platform
import Telemetry

/// What is in a folder before a run starts in it.
enum FoundRun {
    case none
    /// A run that shall move aside.
    case old
    /// A run that has come to no checkpoint yet: it starts over.
    case begun
    case checkpoint(Point)

    /// Where a run can go on.
    struct Point {
        var name: CheckpointFolder.Name
        var checkpoint: Checkpoint
        var status: StoredStatus?
        /// Newer checkpoints that cannot be read, and why.
        var damaged: [(name: CheckpointFolder.Name, reason: String)]
    }
}
