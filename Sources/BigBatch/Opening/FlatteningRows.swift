import Datasets
import Models

extension Trainer {
    /// Rounds that take more rows away.
    private static var mostRounds: Int { 5 }

    /// About how far ℓ̃ of `rows` falls (see `CorrectedDescent`), the rows F that flatten on the way taken away at once:
    ///
    ///     ½ (g − ∇ℓ_F)ᵀP_F(g − ∇ℓ_F), P_F = (∇²(ℓ_S − ℓ_F))⁻¹,
    ///
    /// F the rows of which the step −P_F(g − ∇ℓ_F) leaves less than half of the curvature: none at first, then those of that step, and what
    /// they have held back, until there are no more. Where losses are 0 at least, ℓ̃ without F is below ℓ̃: many steps along which F
    /// flattens lead there and no further. No more is asked once it is above `bound`.
    func fallWithoutFlatteningRows(
        _ rows: [SampleSegment], _ strata: RowStrata, gradient: [Double], bound: Double
    ) throws -> KeptFall {
        guard let model = objective.model as? any CurvatureModel else { return KeptFall() }
        var sample = objective.sample(of: rows, strata, count: objective.population)
        let x = state.parameters
        let before = x.withUnsafeBufferPointer { x in
            sample.batches.map { model.curvatureWeights(of: $0.rows, at: x) }
        }
        var left = gradient
        var result = KeptFall()
        // Share of the rows' weight that is left: P is that of their mean.
        var kept = 1.0
        for _ in 0...Self.mostRounds {
            let found = try objective.hessianInverse(sample, at: x, weightFloor: 0, rendezvous: rendezvous())
            sample.asksRanges = objective.hadCoarseUnits
            result.curvature = result.curvature ?? found
            let step = found?.product(left).map { $0 / kept }
            result.fall = step.map { zip($0, left).reduce(0) { $0 + $1.0 * $1.1 } / 2 }
            guard let step, !result.isAbove(bound) else { break }
            let end = x.indices.map { Float(Double(x[$0]) - step[$0]) }
            var flattening = [[Range<Int>]](repeating: [], count: RowStrata.count)
            for (index, h) in sample.strata.enumerated() {
                let batch = sample.batches[index].rows
                let after = end.withUnsafeBufferPointer { model.curvatureWeights(of: batch, at: $0) }
                for (place, row) in batch.rows.enumerated()
                where sample.batches[index].weights[place] > 0 && after[place] < before[index][place] / 2 {
                    sample.batches[index].weights[place] = 0
                    flattening[h].append(row..<row + 1)
                }
            }
            let counts = try objective.reducer.sums(
                flattening.map { Double($0.count) }, kind: .sample, rendezvous: rendezvous())
            guard counts.contains(where: { $0 > 0 }) else { break }
            let segment = SampleSegment(
                flattening.map { Batch(dataset: objective.dataset, ranges: $0) }, counts: counts.map { Int($0) })
            let sums = try objective.sums([segment], lastIsFresh: false, at: x, rendezvous: rendezvous())
            for h in 0..<RowStrata.count where counts[h] > 0 {
                let seen = rows.reduce(0) { $0 + $1.count(ofStratum: h) }
                let weight = Double(strata.sizes[h]) / (Double(objective.population) * Double(seen))
                kept = max(.ulpOfOne, kept - weight * counts[h])
                for j in left.indices { left[j] -= weight * sums.used[h].gradient[j] }
            }
        }
        return result
    }
}

/// How far a loss falls once the rows are taken away that flatten on the way.
struct KeptFall {
    /// Nil: nothing else is curved.
    fileprivate(set) var fall: Double?
    /// (∇²ℓ)⁻¹ with all rows; nil where they have no curvature.
    fileprivate(set) var curvature: Preconditioner?

    func isAbove(_ bound: Double) -> Bool { fall.map { $0 > bound } ?? true }
}
