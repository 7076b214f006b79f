import Datasets
import Kernels
import Models

/// Rows that came to a stratified sample at once: stratum by stratum, each in blocks.
///
/// A block is an equal part of each stratum's interval of positions, the same whatever the number of ranks. From blocks the noise
/// of a sum over the rows is told, with no row's own gradient ever formed.
struct SampleSegment {
    static let blocks = 64

    /// This rank's rows of stratum h in block b, at h · blocks + b, and how many there are on all ranks.
    private(set) var blocks: [Batch]
    private(set) var counts: [Int]
    /// Those of a stratum.
    private(set) var strata: [Batch]
    /// Where the intervals of the strata end (see `RowStrata.windows`).
    let windows: [Int]

    init(_ dataset: Dataset, runs: [[Range<Int>]], counts: [Int], windows: [Int]) {
        blocks = runs.map { Batch(dataset: dataset, ranges: $0) }
        self.counts = counts
        self.windows = windows
        strata = (0..<RowStrata.count).map { h in
            Batch(dataset: dataset, ranges: runs[h * Self.blocks..<(h + 1) * Self.blocks].flatMap { $0 })
        }
    }

    /// Rows of each stratum in one block; `counts` over all ranks.
    init(_ strata: [Batch], counts: [Int]) {
        self.strata = strata
        self.counts = counts.flatMap { [$0] + [Int](repeating: 0, count: Self.blocks - 1) }
        blocks = []
        windows = []
    }

    /// Of stratum h the rows of the blocks `chosen[h]` alone.
    func only(_ chosen: [Range<Int>], of dataset: Dataset) -> SampleSegment {
        var part = self
        for h in 0..<RowStrata.count {
            var ranges: [Range<Int>] = []
            for block in 0..<Self.blocks {
                let index = h * Self.blocks + block
                if chosen[h].contains(block) {
                    ranges += blocks[index].ranges
                } else {
                    part.blocks[index] = Batch(dataset: dataset, ranges: [])
                    part.counts[index] = 0
                }
            }
            part.strata[h] = Batch(dataset: dataset, ranges: ranges)
        }
        return part
    }

    func count(ofStratum h: Int) -> Int { counts[h * Self.blocks..<(h + 1) * Self.blocks].reduce(0, +) }
}

/// Sums over rows of one stratum.
struct StratumSums {
    var count = 0
    /// Σ f.
    var loss = 0.0
    /// Σ ∇f; empty: no rows.
    var gradient: [Double] = []

    mutating func add(_ other: StratumSums) {
        count += other.count
        loss += other.loss
        if gradient.isEmpty {
            gradient = other.gradient
        } else {
            for j in other.gradient.indices { gradient[j] += other.gradient[j] }
        }
    }
}

/// Sums at one point over a stratified sample, kept apart until weights are applied.
struct SampleSums {
    /// By stratum: rows that steps were made from before, and the others by blocks (none where there are no new rows).
    var used: [StratumSums]
    var fresh: [[StratumSums]]

    var ofUsedRows: SampleSums { SampleSums(used: used, fresh: []) }
}

extension Objective {
    /// The rows of the positions from `before` to `after` behind `start`, stratum by stratum. One reduction.
    func gather(
        _ strata: RowStrata, start: Int, from before: [Int], to after: [Int], rendezvous: Rendezvous
    ) throws -> SampleSegment {
        let clock = Stopwatch()
        var runs: [[Range<Int>]] = []
        for h in 0..<RowStrata.count {
            let width = after[h] - before[h]
            for block in 0..<SampleSegment.blocks {
                let first = start + before[h] + width * block / SampleSegment.blocks
                let end = start + before[h] + width * (block + 1) / SampleSegment.blocks
                var own: [Range<Int>] = []
                if strata.sizes[h] > 0, end > first {
                    let batch = dataset.batch(start: first % population, count: end - first)
                    for part in 0..<batch.rangeCount {
                        strata.runs(ofStratum: h, in: batch.range(part), into: &own)
                    }
                }
                runs.append(own)
            }
        }
        computeSeconds += clock.seconds
        let counts = try reducer.sums(
            runs.map { Double($0.reduce(0) { $0 + $1.count }) }, kind: .sample, rendezvous: rendezvous)
        return SampleSegment(dataset, runs: runs, counts: counts.map { Int($0) }, windows: after)
    }

    /// Sums of losses and gradients at x over the rows of segments, the last of which may be new ones. One reduction, unless
    /// sums leave their grids.
    func sums(_ segments: [SampleSegment], lastIsFresh: Bool, at x: [Float], rendezvous: Rendezvous) throws
        -> SampleSums
    {
        guard let rowSumModel else { preconditionFailure("samples are of models that sum over rows") }
        try prepareGrids()
        let width = rowSumModel.sumCount
        let used = lastIsFresh ? segments.dropLast() : segments[...]
        let fresh = lastIsFresh ? segments.last : nil
        let groups = RowStrata.count * (fresh == nil ? 1 : 1 + SampleSegment.blocks)
        let count = segments.reduce(0) { $0 + $1.counts.reduce(0, +) }
        let packet = Packet(count: BatchScalars.count + groups * (1 + width))
        for attempt in 0... {
            let clock = Stopwatch()
            let grids = grids(count: count)
            var largest: Float = 0
            var place = 0
            let losses = UnsafeMutableBufferPointer(rebasing: packet.values[BatchScalars.count...].prefix(groups))
            let gradients = UnsafeMutableBufferPointer(rebasing: packet.values[(BatchScalars.count + groups)...])
            gradients.update(repeating: 0)
            let scratch = AlignedBuffer<Double>(count: width)
            var own = 0
            func add(_ batches: [Batch]) {
                losses[place] = 0
                let target = UnsafeMutableBufferPointer(rebasing: gradients[place * width..<(place + 1) * width])
                for var batch in batches where batch.count > 0 {
                    batch.grids = grids
                    own += batch.count
                    let found = x.withUnsafeBufferPointer {
                        rowSumModel.writeSums(batch, at: $0, into: scratch.elements)
                    }
                    losses[place] += found.loss
                    largest = max(largest, found.largestResidual)
                    FixedOrder.add(1, UnsafeBufferPointer(scratch.elements), to: target)
                }
                place += 1
            }
            for h in 0..<RowStrata.count { add(used.map { $0.strata[h] }) }
            if let fresh { for block in fresh.blocks { add([block]) } }
            packet.scalars = BatchScalars(
                rows: Double(own), loss: losses.reduce(0, +),
                squaredNorms: 0, largestResidual: scales.code(largest: largest))
            computeSeconds += clock.seconds
            try reducer.reduce(packet, kind: .gradient, rendezvous: rendezvous)
            let scalars = packet.scalars
            guard scalars.rows == Double(count) else {
                throw ReductionError.incompleteBatch(
                    iteration: rendezvous.iteration, expected: count, found: scalars.rows)
            }
            gradientsEvaluated += count
            ownSamples += own
            rowsRead += count
            let isGood = scales.accept(
                loss: scalars.loss, squaredNorms: nil, code: scalars.largestResidual, count: count, attempt: attempt,
                bound: dataset.weights == nil ? rowSumModel.residualBound : nil)
            if isGood { break }
        }
        let losses = packet.values[BatchScalars.count...].prefix(groups)
        func sums(_ place: Int, count: Int) -> StratumSums {
            guard count > 0 else { return StratumSums() }
            let first = BatchScalars.count + groups + place * width
            let sums = UnsafeMutableBufferPointer(rebasing: packet.values[first..<first + width])
            rowSumModel.complete(sums, of: dataset)
            return StratumSums(
                count: count, loss: losses[losses.startIndex + place],
                gradient: Array(sums.prefix(model.parameterCount)))
        }
        return SampleSums(
            used: (0..<RowStrata.count).map { h in
                sums(h, count: used.reduce(0) { $0 + $1.count(ofStratum: h) })
            },
            fresh: fresh.map { fresh in
                (0..<RowStrata.count).map { h in
                    (0..<SampleSegment.blocks).map { block in
                        let index = h * SampleSegment.blocks + block
                        return sums(RowStrata.count + index, count: fresh.counts[index])
                    }
                }
            } ?? [])
    }
}
