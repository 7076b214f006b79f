import Datasets
import Kernels
import MPI
import Models

/// The norm gᵀPg of a direction d = −P m with a diagonal P > 0 that it learns from the gradients: noise counts in it.
///
/// The P of the noise test is that of the last step, which knows nothing of the batch it judges. Σ_i ‖∇f_i‖²_P is not at hand
/// for a whole batch; its ratio to Σ_i ‖∇f_i‖², which is, is measured on `sampleSize` rows now and then.
public final class LearnedNorm: Codable {
    /// Rows that a ratio is measured on: a gradient row by row costs several times a row of a batch.
    static let sampleSize = 256
    /// Per-sample gradients from one measurement to the next.
    static let interval = 64 * sampleSize

    /// P, by elements; 1 before the first step.
    @Stored private(set) var diagonal: [Float]
    /// Σ ‖∇f‖²_P / Σ ‖∇f‖².
    private(set) var ratio = 1.0
    private var measuredAt: Int?
    /// P is that of a step.
    private var isLearned = false

    public init(count: Int) { diagonal = [Float](repeating: 1, count: count) }

    /// Takes up the P of a step.
    public func learn(_ write: (inout UnsafeMutableBufferPointer<Float>) -> Void) {
        isLearned = true
        diagonal.withUnsafeMutableBufferPointer(write)
    }

    /// P = 1 again.
    public func reset() {
        for j in diagonal.indices { diagonal[j] = 1 }
        (ratio, measuredAt, isLearned) = (1, nil, false)
    }

    /// Whether the ratio should be measured now.
    func isDue(gradientsEvaluated: Int) -> Bool {
        isLearned && measuredAt.map { gradientsEvaluated - $0 >= Self.interval } ?? true
    }

    /// Sums over this rank's part of `batch` of ‖∇f‖²_P and ‖∇f‖².
    func sums<M: Model>(_ model: M, _ batch: Batch, at x: [Float]) -> (inNorm: ExactSum, euclidean: ExactSum) {
        var norms = [Double](repeating: 0, count: batch.count)
        func sum(_ preconditioner: UnsafeBufferPointer<Float>?) -> ExactSum {
            x.withUnsafeBufferPointer { x in
                norms.withUnsafeMutableBufferPointer {
                    model.writeSquaredNorms(of: batch, at: x, preconditioner: preconditioner, into: $0)
                }
            }
            return norms.reduce(into: ExactSum()) { $0.add($1) }
        }
        return (diagonal.withUnsafeBufferPointer { sum($0) }, sum(nil))
    }

    func note(inNorm: Double, euclidean: Double, gradientsEvaluated: Int) {
        measuredAt = gradientsEvaluated
        let found = inNorm / euclidean
        if found.isFinite, found > 0 { ratio = found }
    }
}

extension Objective {
    /// Measures, where it is due, how norms of per-sample gradients in the step's norm compare with plain ones, on the first
    /// rows of the batch that begins at `start`. One reduction.
    func measureNorms(start: Int, at x: [Float], rendezvous: Rendezvous) throws {
        guard let norm, norm.isDue(gradientsEvaluated: gradientsEvaluated) else { return }
        let clock = Stopwatch()
        let count = min(LearnedNorm.sampleSize, population)
        let batch = dataset.batch(
            start: start % population, count: count, draw: rendezvous.draw, cycle: rendezvous.cycle)
        let sums = norm.sums(model, batch, at: x)
        computeSeconds += clock.seconds
        rowsRead += 2 * count
        let found = try reducer.sums(
            sums.inNorm.words + sums.euclidean.words, kind: .preconditionedNorms, rendezvous: rendezvous)
        let (first, second) = (found.prefix(found.count / 2), found.suffix(found.count / 2))
        norm.note(
            inNorm: ExactSum(words: first).value, euclidean: ExactSum(words: second).value,
            gradientsEvaluated: gradientsEvaluated)
    }
}
