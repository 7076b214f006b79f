/// A figure of an iteration or a run, by the name that people read: in reports, on terminals, in TensorBoard.
package enum RunFigure: String, CaseIterable, Sendable {
    /// On the batch: mean loss plus penalty.
    case objective
    case gradientNorm = "gradient norm"
    case validationLoss = "validation loss"
    case batchSize = "batch size"
    case signalToNoise = "signal to noise"
    case stepSize = "step size"
    case trials = "steps tried"
    case passes = "passes over the data"
    case seconds = "training time"
    case communicatedBytes = "communicated by each rank"
    case computing, transfer, waiting

    package var name: String { rawValue }

    /// In TensorBoard, by the section of the report that shows it.
    package var tag: String {
        let group =
            switch self {
            case .objective, .gradientNorm, .validationLoss: "progress"
            case .batchSize, .signalToNoise, .stepSize, .trials: "method"
            case .passes, .seconds, .communicatedBytes: "work"
            case .computing, .transfer, .waiting: "time"
            }
        return group + "/" + name.split(separator: " ").joined(separator: "_")
    }
}
