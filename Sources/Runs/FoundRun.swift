import Platform
import Telemetry

/// What is in a folder before a run starts in it.
package enum FoundRun {
    case none
    /// A run that shall move aside.
    case old
    /// A run that has come to no checkpoint yet: it starts over.
    case begun
    case checkpoint(Point)

    /// Where a run can go on.
    package struct Point {
        package var name: CheckpointFolder.Name
        package var checkpoint: Checkpoint
        package var status: StoredStatus?
        /// Newer checkpoints that cannot be read, and why.
        package var damaged: [(name: CheckpointFolder.Name, reason: String)]
    }
}
