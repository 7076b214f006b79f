import Datasets
import Kernels

/// Sums over this rank's part of a batch (sums, never means).
public struct LossSums: Sendable, Equatable, BitwiseCopyable {
    /// Σ f(x; z_i), weights included.
    public var loss: Double
    /// S = Σ ‖∇f(x; z_i)‖² of the data term, weights included.
    public var squaredNorms: Double
    /// max |r| of the rows of a `RowSumModel`.
    public var largestResidual: Float

    public init(loss: Double = 0, squaredNorms: Double = 0, largestResidual: Float = 0) {
        self.loss = loss
        self.squaredNorms = squaredNorms
        self.largestResidual = largestResidual
    }

    mutating func add(_ other: LossSums) {
        loss += other.loss
        squaredNorms += other.squaredNorms
        largestResidual = max(largestResidual, other.largestResidual)
    }
}

/// The batch loss along a ray x + α d.
public protocol DirectionalLoss {
    /// Σ f(x + α d; z_i) over this rank's part of the batch, for each α of `steps`, terms rounded to `grid` where the model
    /// can.
    func losses(at steps: [Double], grid: SumGrid) -> [Double]
    /// Σ dᵀ ∇²f(x; z_i) d over this rank's part of the batch, terms rounded to `grid`; nil when the model does not know (on
    /// every rank alike).
    func curvature(grid: SumGrid) -> Double?
    /// How many steps a search should ask for at once, the same on every rank: several where one more costs next to
    /// nothing, one where it costs a pass over the batch.
    var trialsAtOnce: Int { get }
}

extension DirectionalLoss {
    public var trialsAtOnce: Int { 4 }
    public func curvature(grid: SumGrid) -> Double? { nil }
    public func losses(at steps: [Double]) -> [Double] { losses(at: steps, grid: .none) }
    public func curvature() -> Double? { curvature(grid: .none) }
}

/// A line whose margins serve on: the gradient at a point on it, and the next line from there, cost one product with the
/// features less each. Margins are updated, so their rounding adds up: a few steps, then a fresh line.
public protocol WalkableLine: DirectionalLoss {
    /// Makes x + α d the point that the line starts from.
    func advance(by step: Double)
    /// `RowSumModel.writeSums` at that point. `dataset` holds the rows of the line's batch; its squared norms may be others.
    func writeSums(
        _ dataset: Dataset, grids: SumGrids, at parameters: UnsafeBufferPointer<Float>,
        into sums: UnsafeMutableBufferPointer<Double>
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

    /// The loss is convex in x: its last digits are worth a preconditioner, quasi-Newton steps on all rows and a test
    /// of the gradient. False for networks, which are trained by noisy steps to the end.
    var isConvex: Bool { get }
    /// f(x; z_i) is random: masks drawn anew for each `Batch.draw` (0: none, the sample as it is).
    var isRandom: Bool { get }

    /// x₀, the same on every rank for one seed.
    func initialParameters(seed: UInt64) -> [Float]

    /// Adds Σ ∇f(x; z_i) to `gradient` (parameterCount) and returns Σ f and Σ ‖∇f‖².
    func accumulate(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums

    /// Σ f(x; z_i).
    func loss(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> Double

    /// Writes Σ_j P_j (∂f(x; z_i)/∂x_j)² of each row i of the batch, P = diag(preconditioner) with parameterCount
    /// values; nil: P = I. The trainer asks for few rows at a time. By default each row's gradient is formed.
    func writeSquaredNorms(
        of batch: Batch, at parameters: UnsafeBufferPointer<Float>, preconditioner: UnsafeBufferPointer<Float>?,
        into norms: UnsafeMutableBufferPointer<Double>)

    /// The batch loss along x + α d. Linear models compute margins once; a trial is then O(batch).
    func directionalLoss(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, direction: UnsafeBufferPointer<Float>
    ) -> any DirectionalLoss

    /// Writes `outputCount` values per sample of the batch: a value, or class probabilities.
    func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>)

    /// `predict`, and Σ f(x; z_i), its terms rounded to `grid`: in one pass where that is the dearer part.
    func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>,
        lossOn grid: SumGrid
    ) -> Double
}

/// A model whose sums over rows are the same bits however the rows are spread over ranks and threads: they are on the grids
/// of the batch (see `SumGrid`), and what is not a sum over rows comes after the ranks have added theirs.
public protocol RowSumModel: Model {
    /// Values that ranks add up: Σ_i r_i x_ij by columns j (`penalisedCount`), and Σ_i r_i by classes.
    var sumCount: Int { get }
    /// Writes the sums over this rank's part of the batch and returns Σ f, Σ ‖∇f‖² and max |r|.
    func writeSums(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Double>
    ) -> LossSums
    /// |r| ≤ this of rows without weights; nil: there is no bound.
    var residualBound: Double? { get }
    /// Turns the sums over all ranks into Σ ∇f, those of `parameters`, from all sums behind the penalised ones (Σ r of every class).
    func complete(
        _ sums: UnsafeMutableBufferPointer<Double>, over parameters: Range<Int>, residualSums: [Double],
        of dataset: Dataset)
}

extension RowSumModel {
    public var residualBound: Double? { nil }

    /// Turns the sums over all ranks into Σ ∇f, whose parameterCount values come first.
    public func complete(_ sums: UnsafeMutableBufferPointer<Double>, of dataset: Dataset) {
        complete(
            sums, over: 0..<parameterCount, residualSums: Array(sums[penalisedCount...]), of: dataset)
    }
}

/// A model whose sums are the same bits however the rows are spread over ranks and threads, in whole numbers of 32 bits: for many
/// parameters, whose gradients have no bound that is known beforehand.
public protocol WholeSumModel: Model {
    /// Lengths of the stretches of the parameters, one after the other, that have a unit each.
    var stretches: [Int] { get }
    /// Writes Σ ∇f over this rank's part of the batch (parameterCount), in units of `batch.grids.stretches`, and to `sizes`, one
    /// a stretch, Σ_i of a bound of what row i adds to any element, each on those grids. Where the sums over all ranks of the
    /// sizes reach the limits of their grids, the units mean nothing.
    func writeSums(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into units: UnsafeMutableBufferPointer<Int32>,
        sizes: UnsafeMutableBufferPointer<Double>
    ) -> LossSums
}

extension Model {
    public func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>,
        lossOn grid: SumGrid
    ) -> Double {
        predict(batch, at: parameters, into: outputs)
        return loss(batch, at: parameters, on: grid)
    }

    public var isConvex: Bool { true }
    public var isRandom: Bool { false }

    public func directionalLoss(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, direction: UnsafeBufferPointer<Float>
    ) -> any DirectionalLoss {
        EvaluatedDirectionalLoss(model: self, batch: batch, parameters: Array(parameters), direction: Array(direction))
    }

    public func writeSquaredNorms(
        of batch: Batch, at parameters: UnsafeBufferPointer<Float>, preconditioner: UnsafeBufferPointer<Float>?,
        into norms: UnsafeMutableBufferPointer<Double>
    ) {
        let gradient = AlignedBuffer<Double>(count: parameterCount)
        for index in 0..<batch.count {
            let sums = accumulate(batch.samples(index..<index + 1), at: parameters, gradient: gradient.elements)
            guard let preconditioner else {
                norms[index] = sums.squaredNorms
                continue
            }
            norms[index] = 0
            for j in gradient.elements.indices {
                norms[index] += Double(preconditioner[j]) * (gradient.pointer[j] * gradient.pointer[j])
                gradient.pointer[j] = 0
            }
        }
    }
}

/// Evaluates the loss anew at every trial: for models without margins.
final class EvaluatedDirectionalLoss<M: Model>: DirectionalLoss {
    private let model: M
    private let batch: Batch
    private let parameters: [Float]
    private let direction: [Float]
    private var trial: [Float]

    init(model: M, batch: Batch, parameters: [Float], direction: [Float]) {
        self.model = model
        self.batch = batch
        self.parameters = parameters
        self.direction = direction
        trial = parameters
    }

    var trialsAtOnce: Int { 1 }

    func losses(at steps: [Double], grid: SumGrid) -> [Double] {
        steps.map { step in
            parameters.withUnsafeBufferPointer { x in
                direction.withUnsafeBufferPointer { d in
                    trial.withUnsafeMutableBufferPointer { trial in
                        FixedOrder.move(x, along: d, step: step, into: trial)
                        return model.loss(batch, at: UnsafeBufferPointer(trial), on: grid)
                    }
                }
            }
        }
    }
}
