import Datasets

/// Sums over this rank's part of a batch (sums, never means).
public struct LossSums: Sendable, Equatable, BitwiseCopyable {
    /// Σ f(x; z_i), weights included.
    public var loss: Double
    /// S = Σ ‖∇f(x; z_i)‖² of the data term, weights included.
    public var squaredNorms: Double

    public init(loss: Double = 0, squaredNorms: Double = 0) {
        self.loss = loss
        self.squaredNorms = squaredNorms
    }

    mutating func add(_ other: LossSums) {
        loss += other.loss
        squaredNorms += other.squaredNorms
    }
}

/// The batch loss along a ray x + α d.
public protocol DirectionalLoss {
    /// Σ f(x + α d; z_i) over this rank's part of the batch, for each α of `steps`.
    func losses(at steps: [Double]) -> [Double]
    /// Σ dᵀ ∇²f(x; z_i) d over this rank's part of the batch; nil when the model does not know (on every rank alike).
    func curvature() -> Double?
}

extension DirectionalLoss {
    public func curvature() -> Double? { nil }
}

/// A line whose margins serve on: the gradient at a point on it, and the next line from there, cost one product with the
/// features less each. Margins are updated, so their rounding adds up: a few steps, then a fresh line.
public protocol WalkableLine: DirectionalLoss {
    /// Makes x + α d the point that the line starts from.
    func advance(by step: Double)
    /// `Model.accumulate` at that point. `dataset` holds the rows of the line's batch; its squared norms may be others.
    func accumulate(
        _ dataset: Dataset, at parameters: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums
    /// Makes d the direction.
    func turn(to direction: UnsafeBufferPointer<Float>)
}

/// What is trained: a loss per sample, its gradient, and the sum of squared per-sample gradient norms.
///
/// Sums run over this rank's part of the batch and exclude the regulariser. With `Dataset.weights` the loss of sample i
/// is weight_i · f(x; z_i), so its gradient norm carries weight_i². Non-finite sums are allowed; the trainer deals with
/// them. Conform to this protocol to train a model of your own.
public protocol Model: Sendable {
    /// Length of the parameter vector x.
    var parameterCount: Int { get }
    /// The parameters that λ penalises (a prefix of the vector; intercepts come after it).
    var penalisedCount: Int { get }
    /// Values per sample that `predict` writes.
    var outputCount: Int { get }

    /// x₀, the same on every rank for one seed.
    func initialParameters(seed: UInt64) -> [Float]

    /// Adds Σ ∇f(x; z_i) to `gradient` (parameterCount) and returns Σ f and Σ ‖∇f‖².
    func accumulate(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums

    /// Σ f(x; z_i).
    func loss(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> Double

    /// The batch loss along x + α d. Linear models compute margins once; a trial is then O(batch).
    func directionalLoss(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, direction: UnsafeBufferPointer<Float>
    ) -> any DirectionalLoss

    /// Writes `outputCount` values per sample of the batch: a value, or class probabilities.
    func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>)
}

extension Model {
    public func directionalLoss(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, direction: UnsafeBufferPointer<Float>
    ) -> any DirectionalLoss {
        EvaluatedDirectionalLoss(model: self, batch: batch, parameters: Array(parameters), direction: Array(direction))
    }
}

/// Evaluates the loss anew at every trial: for models without margins.
struct EvaluatedDirectionalLoss<M: Model>: DirectionalLoss {
    let model: M
    let batch: Batch
    let parameters: [Float]
    let direction: [Float]

    func losses(at steps: [Double]) -> [Double] {
        steps.map { step in
            let trial = zip(parameters, direction).map { Float(Double($0) + step * Double($1)) }
            return trial.withUnsafeBufferPointer { model.loss(batch, at: $0) }
        }
    }
}
