import BigBatch
import Datasets
import MPI
import Models
import Platform
import Telemetry

/// What the ranks of one group hold for their runs.
struct GroupData {
    var training: Dataset
    var validation: Dataset?
}
