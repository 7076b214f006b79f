import Kernels
import Models

/// Σ h x̂x̂ᵀ over a sample, of whole numbers, and so the same from any ranks.
extension Objective {
    /// The matrix for each of `weights`, h by batches of the sample. One reduction; four where units were too coarse, three where
    /// the rows are asked first.
    /// - Parameters:
    ///   - largest: above every h.
    ///   - rows: about, of all ranks.
    ///   - held: the columns that have values; nil: all.
    ///   - decisive: those of `weights` whose diagonals the others are held against; nil: all.
    func moments(
        _ sample: CurvatureSample, _ weights: [[AlignedBuffer<Float>]], below largest: Double, rows: Int,
        held: [Bool]? = nil, decisive: [Int]? = nil, rendezvous: Rendezvous
    ) throws -> [[Double]] {
        guard let model = model as? any CurvatureModel, let dimension = estimate?.dimension else { return [] }
        let triangle = dimension * (dimension + 1) / 2
        func sums(_ grids: [MomentGrid]) throws -> [Double] {
            let clock = Stopwatch()
            let own = zip(weights, grids).flatMap { weights, grid in
                var total = SecondMoment(columns: model.featureCount, hasIntercept: model.hasIntercept, grid: grid)
                for (batch, weights) in zip(sample.batches, weights) where batch.rows.count > 0 {
                    total.add(model.curvature(of: batch.rows, weights: weights, grid: grid))
                }
                return total.upper
            }
            computeSeconds += clock.seconds
            rowsRead += sample.expected
            return try reducer.sums(own, kind: .curvature, rendezvous: rendezvous)
        }
        let bounds = rootExponents(weight: largest, hasIntercept: model.hasIntercept)
        func fine(_ exponents: [Int32]) -> [MomentGrid] {
            weights.indices.map { index in
                let own = exponents[index * dimension..<(index + 1) * dimension]
                return MomentGrid(exponents: zip(own, bounds).map { min(Int($0), $1) }, rows: rows)
            }
        }
        var grids =
            sample.asksRanges
            ? fine(try rootRanges(sample, weights).exponents)
            : [MomentGrid](repeating: MomentGrid(exponents: bounds, rows: rows), count: weights.count)
        var found = try sums(grids)
        // Far-out values whose rows have next to no h: the largest |x_j| and the largest h say little of √h |x_j|.
        func isCoarse(_ counts: (Int) -> Int) -> Bool {
            (decisive ?? Array(weights.indices)).contains { index in
                (0..<dimension).contains { column in
                    let diagonal = index * triangle + column * dimension - column * (column - 1) / 2
                    let count = counts(index * dimension + column)
                    return held?[column] != false && found[diagonal] < MomentGrid.fine * Double(count)
                }
            }
        }
        hadCoarseUnits = sample.asksRanges
        if !sample.asksRanges, isCoarse({ _ in rows }) {
            let exact = try rootRanges(sample, weights)
            if isCoarse({ Int(exact.counts[$0]) }) {
                hadCoarseUnits = true
                grids = fine(exact.exponents)
                found = try sums(grids)
            }
        }
        return grids.enumerated().map { index, grid in
            SecondMoment.symmetric(
                found[index * triangle..<(index + 1) * triangle], dimension: dimension, grid: grid)
        }
    }

    /// The columns' exponents and counts for each of `weights`, one after the other. Two reductions.
    private func rootRanges(_ sample: CurvatureSample, _ weights: [[AlignedBuffer<Float>]]) throws
        -> (exponents: [Int32], counts: [Int32])
    {
        guard let model = model as? any CurvatureModel else { return ([], []) }
        let clock = Stopwatch()
        let own = weights.map { weights in
            var ranges = RootRanges(columns: model.featureCount, hasIntercept: model.hasIntercept)
            for (batch, weights) in zip(sample.batches, weights) where batch.rows.count > 0 {
                ranges.add(model.rootRanges(of: batch.rows, weights: weights))
            }
            return ranges
        }
        computeSeconds += clock.seconds
        rowsRead += sample.expected
        return (try reducer.maxima(own.flatMap(\.exponents)), try reducer.sums(own.flatMap(\.counts)))
    }

    /// e with √h |x̂_j| < 2^e where h ≤ weight, by the largest |x_j| of all.
    private func rootExponents(weight: Double, hasIntercept: Bool) -> [Int] {
        let root = (SumGrid.exponent(above: weight) + 1) / 2
        return (trueExponents() + (hasIntercept ? [1] : [])).map { $0 + root }
    }

    /// The units of Σ h x̂x̂ᵀ over `rows` rows of h ≤ weight.
    func momentGrid(weight: Double, rows: Int, hasIntercept: Bool) -> MomentGrid {
        MomentGrid(exponents: rootExponents(weight: weight, hasIntercept: hasIntercept), rows: rows)
    }

    /// e with |x_j| < 2^e for the true values of each column j, centring included.
    func trueExponents() -> [Int] {
        columnExponents.enumerated().map { column, exponent in
            let shift = dataset.shift.map { abs(Double($0.pointer[column])) } ?? 0
            return SumGrid.exponent(above: Double(sign: .plus, exponent: Int(exponent), significand: 1) + shift)
        }
    }
}
