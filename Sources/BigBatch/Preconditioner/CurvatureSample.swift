import Datasets
import Kernels

/// This rank's part of the rows that a curvature is estimated from, with what makes a sum over them one over all rows.
struct CurvatureSample {
    var batches: [(rows: Batch, weights: [Float])] = []
    /// Over all ranks: rows at most, about, and the largest weight of one.
    var mostRows: Int
    var heaviest: Double
    /// Rows that are read.
    var expected: Int
    /// Copies; columns may be missing among them.
    var isDrawn = false
}

extension Objective {
    /// Rows drawn from the positions start ..< start + window, about `count` of them.
    func drawnSample(start: Int, window: Int, count: Int, rendezvous: Rendezvous) -> CurvatureSample {
        let sample = drawRows(
            start: start, window: window, expected: count, salt: UInt64(truncatingIfNeeded: rendezvous.iteration))
        return CurvatureSample(
            batches: [(dataset.copied(sample.rows).all, sample.weights)],
            mostRows: min(window, 8 * count + 1024),
            heaviest: RowSample.largestWeight(window: window, expected: count, least: leastChance), expected: count,
            isDrawn: true)
    }

    /// The first blocks of a stratified sample, about `count` rows in all.
    func sample(of segments: [SampleSegment], _ strata: RowStrata, count: Int) -> CurvatureSample {
        var sample = CurvatureSample(mostRows: 0, heaviest: 1, expected: 0)
        for h in 0..<RowStrata.count {
            let seen = segments.reduce(0) { $0 + $1.count(ofStratum: h) }
            guard seen > 0 else { continue }
            let share = max(Double(count) * strata.shares[h], 32) / Double(seen)
            let blocks = min(SampleSegment.blocks, max(1, Int((share * Double(SampleSegment.blocks)).rounded(.up))))
            let chosen = h * SampleSegment.blocks..<h * SampleSegment.blocks + blocks
            let rows = segments.reduce(0) { $0 + $1.counts[chosen].reduce(0, +) }
            guard rows > 0 else { continue }
            let weight = Double(strata.sizes[h]) / Double(rows)
            sample.expected += rows
            sample.heaviest = max(sample.heaviest, weight)
            for segment in segments {
                let batch =
                    blocks == SampleSegment.blocks
                    ? segment.strata[h]
                    : Batch(dataset: dataset, ranges: segment.blocks[chosen].flatMap(\.ranges))
                if batch.count > 0 {
                    sample.batches.append((batch, [Float](repeating: Float(weight), count: batch.count)))
                }
            }
        }
        sample.mostRows = sample.expected
        return sample
    }
}

extension Batch {
    fileprivate var ranges: [Range<Int>] { (0..<rangeCount).map { range($0) } }
}
