import BigBatch
import Datasets
import Kernels
import MPI
import Models
import Platform
import Telemetry

/// How the training loop has ended.
struct TrainingEnd {
    var result: TrainingResult
    /// Of a stop before the end; the same on all ranks.
    var cause: StopCause?
    /// On rank 0, the iteration of the last checkpoint; 0: there is none.
    var checkpoint: Int
}
