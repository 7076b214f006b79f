import Datasets
import Kernels
import Models

/// ℓ_B along x + αd: the data term by margins, the regulariser in closed form (constant + α·linear + α²·quadratic).
struct Line {
    /// Nil where the loss is evaluated anew at every trial.
    let margins: (any DirectionalLoss)?
    let start: Int
    let count: Int
    let constant: Double
    let linear: Double
    let quadratic: Double
}
