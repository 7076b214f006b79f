import BigBatch
import Datasets
import MPI
import Models
import Platform
import Telemetry

/// What the ranks of one group hold for their runs.
package struct GroupData {
    package var training: Dataset
    package var validation: Dataset?
}
