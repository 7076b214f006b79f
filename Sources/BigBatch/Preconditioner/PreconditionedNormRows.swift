import Datasets
import Models

/// Which rows of a batch have their norm under a dense preconditioner computed: it costs D²/2 multiply-adds, many times
/// a gradient.
extension Objective {
    /// Rows of a batch of K that are measured as a sample: as many as cost what the gradient does, 2KDC, but no fewer than
    /// estimate V to a tenth (256) and no more than to a twentieth (1,024).
    private func sampledRowCount(ofBatch count: Int) -> Int {
        guard let estimate else { return count }
        return min(1024, max(256, 4 * count * estimate.classes / max(1, estimate.dimension)))
    }

    /// Share of a batch's leverage above which a row is measured whatever the sample. There are at most twenty such rows in a
    /// batch, on average, and each could pass for the signal by itself: a rare category moves ‖g‖² and must move V.
    private static var heavyShare: Double { 0.05 }

    /// Norms under a dense preconditioner are measured where there is noise.
    func measuresNorms(batchSize: Int) -> Bool {
        if case .dense = preconditioner { batchSize < population } else { true }
    }

    /// Writes norms under a dense preconditioner for `count` samples from `start` on, so that Σ r² · norm over them
    /// estimates S = Σ r² ‖x̂‖²_P without bias: the first rows stand for all, the heavy ones each for itself, and the
    /// rest hold 0. On all N rows noise is 0 and nothing is measured.
    /// - Parameter batchSize: samples of the batch that these belong to, themselves included.
    func writeNorms(start: Int, count: Int, batchSize: Int) {
        guard case .dense(let dense) = preconditioner else { return }
        let norms = preconditionedDataset.squaredNorms
        for row in normedRows { norms.pointer[row] = 0 }
        normedRows.removeAll(keepingCapacity: true)
        guard measuresNorms(batchSize: batchSize) else { return }
        let sampled = min(count, max(64, sampledRowCount(ofBatch: batchSize) * count / max(1, batchSize)))
        let scale = Float(count) / Float(sampled)
        let bound = (leverages?.mean ?? .infinity) * Double(batchSize) * Self.heavyShare
        func isHeavy(_ row: Int) -> Bool {
            leverages.map { Double($0.values.pointer[row]) * weight(row) > bound } ?? false
        }
        normedRows.append(contentsOf: dataset.batch(start: start % population, count: sampled).rows)
        let light = normedRows.filter { !isHeavy($0) }
        if leverages != nil {
            let rest = dataset.batch(start: (start + sampled) % population, count: count - sampled)
            normedRows.append(contentsOf: rest.rows.filter(isHeavy))
        }
        dense.writeSquaredNorms(of: normedRows, in: dataset, to: norms)
        for row in light { norms.pointer[row] *= scale }
    }

    private func weight(_ row: Int) -> Double { Double(dataset.weight(of: row)) }
}
