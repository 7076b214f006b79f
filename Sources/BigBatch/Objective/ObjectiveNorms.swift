import Datasets
import Kernels
import MPI
import Models

extension Objective {
    /// Measures, where it is due, how norms of per-sample gradients in the step's norm compare with plain ones, on the first
    /// rows of the batch that begins at `start`. One reduction.
    func measureNorms(start: Int, at x: [Float], decision: Decision) throws {
        guard let adaptive, adaptive.isDue(gradientsEvaluated: gradientsEvaluated) else { return }
        let clock = Stopwatch()
        let count = min(AdaptiveRule.sampleSize, population)
        let batch = dataset.batch(
            start: start % population, count: count, draw: decision.draw, cycle: decision.cycle)
        let sums = adaptive.sums(model, batch, at: x)
        computeSeconds += clock.seconds
        rowsRead += 2 * count
        let found = try reducer.sums(
            sums.inMetric.words + sums.euclidean.words, kind: .metricNorms, decision: decision)
        let (first, second) = (found.prefix(found.count / 2), found.suffix(found.count / 2))
        adaptive.note(
            inMetric: ExactSum(words: first).value, euclidean: ExactSum(words: second).value,
            gradientsEvaluated: gradientsEvaluated)
    }
}
