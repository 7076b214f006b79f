import Datasets
import Kernels

/// This rank's part of the rows that a curvature is estimated from, with what makes a sum over them one over all rows.
struct CurvatureSample {
    var batches: [(rows: Batch, weights: [Float])] = []
    /// Of stratified samples: the stratum of each batch.
    var strata: [Int] = []
    /// Over all ranks: rows at most, about, and the largest weight of one.
    var mostRows: Int
    var heaviest: Double
    /// Rows that are read.
    var expected: Int
    /// Copies; columns may be missing among them.
    var isDrawn = false
    /// Units come from the rows themselves at once: another curvature of theirs needed that.
    var asksRanges = false
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
            let blocks = blocks(of: seen, ofStratum: h, strata, count: count)
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
                    sample.strata.append(h)
                }
            }
        }
        sample.mostRows = sample.expected
        return sample
    }

    /// Two parts. Of the stratum with most rows each has a half of those that curvatures are estimated from, of all others both have the
    /// same rows, many: few rows may hold a direction, and none of those should have to stand for others.
    func halves(of segments: [SampleSegment], _ strata: RowStrata, count: Int) -> [[SampleSegment]] {
        let seen = (0..<RowStrata.count).map { h in segments.reduce(0) { $0 + $1.count(ofStratum: h) } }
        let largest = seen.indices.max { seen[$0] < seen[$1] }
        return (0..<2).map { half in
            let chosen = seen.indices.map { h in
                if h == largest {
                    let width = (blocks(of: seen[h], ofStratum: h, strata, count: count) + 1) / 2
                    return half * width..<(half + 1) * width
                }
                return 0..<min(SampleSegment.blocks, 1 + SampleSegment.blocks * count / max(1, seen[h]))
            }
            return segments.map { $0.only(chosen, of: dataset) }
        }
    }

    /// How many blocks of stratum h, of which `seen` rows are there, about `count` rows in all take.
    private func blocks(of seen: Int, ofStratum h: Int, _ strata: RowStrata, count: Int) -> Int {
        let share = max(Double(count) * strata.shares[h], 32) / Double(max(1, seen))
        return min(SampleSegment.blocks, max(1, Int((share * Double(SampleSegment.blocks)).rounded(.up))))
    }
}

extension Batch {
    var ranges: [Range<Int>] { (0..<rangeCount).map { range($0) } }
}
