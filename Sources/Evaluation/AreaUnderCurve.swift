import MPI

/// Area under the ROC curve: the chance that a positive row scores higher than a negative one, ties counted half,
/// pairs weighted by the product of their rows' weights.
package struct AreaUnderCurve: Equatable {
    /// nil when one of the classes has no rows.
    package var value: Double?
    /// Bins of the scores where there are too many rows to sort on one rank; nil: exact.
    package var bins: Int?
    /// Average precision, Σ (R_k − R_{k−1}) P_k over the thresholds, where the rows of class 0 are to be found, and those of class 1;
    /// nil where one of the classes has no rows.
    package var averagePrecisions: [Double]?
    /// On rank 0.
    package var curve: ROCCurve?
    /// On rank 0, where it was asked for.
    package var operation: OperatingPoints?

    /// Rows up to which the scores are gathered and sorted: 8 bytes each on rank 0.
    package static let largestExact = 8_000_000
    /// Otherwise scores are counted by the upper 20 bits of their ordered representation: a relative width of 2⁻¹¹.
    package static let bits = 20

    /// Collective.
    /// - Parameters:
    ///   - scores: of this rank's rows.
    ///   - signedWeights: one per row: the weight of a positive row, minus the weight of a negative one.
    ///   - builder: is to have the rows' scores too, those first that are likeliest of the class it looks for.
    package static func measure(
        scores: [Float], signedWeights: [Float], for builder: OperatingPoints.Builder? = nil,
        communicator: any Communicator, largestExact: Int = largestExact
    ) throws -> AreaUnderCurve {
        let rows = try communicator.allreduce(scores.count, .sum)
        if rows > largestExact { return try histogram(scores, signedWeights, builder, communicator) }
        let counts = try communicator.allgather(2 * scores.count)
        var send: [Float] = []
        send.reserveCapacity(2 * scores.count)
        for (score, weight) in zip(scores, signedWeights) {
            send.append(score)
            send.append(weight)
        }
        let isRoot = communicator.rank == 0
        var received = [Float](repeating: 0, count: isRoot ? counts.reduce(0, +) : 0)
        var sendCounts = [Int](repeating: 0, count: communicator.size)
        sendCounts[0] = send.count
        try send.withUnsafeBufferPointer { send in
            try received.withUnsafeMutableBufferPointer {
                try communicator.alltoallv(
                    send, sendCounts: sendCounts, into: $0,
                    receiveCounts: isRoot ? counts : [Int](repeating: 0, count: counts.count))
            }
        }
        let (sum, operation) = isRoot ? exact(received, builder) : (RankSum(), nil)
        var figures = [sum.area ?? .nan] + sum.averagePrecisions
        try figures.withUnsafeMutableBufferPointer { try communicator.broadcast($0, root: 0) }
        guard !figures[0].isNaN else { return AreaUnderCurve() }
        return AreaUnderCurve(
            value: figures[0], averagePrecisions: Array(figures[1...]), curve: isRoot ? sum.curve.curve : nil,
            operation: operation)
    }

    /// From pairs of score and signed weight.
    private static func exact(_ pairs: [Float], _ builder: OperatingPoints.Builder?) -> (RankSum, OperatingPoints?) {
        var rows = [(key: UInt32, weight: Float)]()
        rows.reserveCapacity(pairs.count / 2)
        for index in stride(from: 0, to: pairs.count, by: 2) {
            rows.append((orderedBits(pairs[index]), pairs[index + 1]))
        }
        // Which rank a row came from does not show in the order of what is added.
        if rows.contains(where: { $0.weight.magnitude != rows[0].weight.magnitude }) {
            sort(&rows) { orderedBits($0.weight) }
        }
        sort(&rows) { $0.key }
        var positives = 0.0
        var negatives = 0.0
        for row in rows {
            let weight = Double(row.weight)
            if weight > 0 { positives += weight } else { negatives -= weight }
        }
        var sum = RankSum(allPositives: positives, allNegatives: negatives)
        forEachGroup(rows, from: 0) { _, positive, negative in sum.add(positive: positive, negative: negative) }
        guard var builder, sum.area != nil else { return (sum, nil) }
        builder.begin(positives: positives, negatives: negatives)
        forEachGroup(rows, from: builder.looksForOne ? rows.count : 0) { builder.add(score($0), $1, $2) }
        return (sum, builder.points)
    }

    /// Rows of one key together, from the first one up or from behind the last one down.
    private static func forEachGroup(
        _ rows: [(key: UInt32, weight: Float)], from start: Int,
        _ body: (UInt32, _ positive: Double, _ negative: Double) -> Void
    ) {
        let step = start == 0 ? 1 : -1
        var place = start == 0 ? 0 : rows.count - 1
        while rows.indices.contains(place) {
            let key = rows[place].key
            var (positive, negative) = (0.0, 0.0)
            while rows.indices.contains(place), rows[place].key == key {
                let weight = Double(rows[place].weight)
                if weight > 0 { positive += weight } else { negative -= weight }
                place += step
            }
            body(key, positive, negative)
        }
    }

    private static func histogram(
        _ scores: [Float], _ weights: [Float], _ builder: OperatingPoints.Builder?, _ communicator: any Communicator
    ) throws -> AreaUnderCurve {
        let bins = 1 << bits
        var counts = [Double](repeating: 0, count: 2 * bins)
        for (score, weight) in zip(scores, weights) {
            let bin = Int(orderedBits(score) >> UInt32(32 - bits))
            if weight > 0 { counts[bin] += Double(weight) } else { counts[bins + bin] -= Double(weight) }
        }
        counts = try communicator.allreduce(counts, .sum)
        var sum = RankSum(
            allPositives: counts[..<bins].reduce(0, +), allNegatives: counts[bins...].reduce(0, +))
        for bin in 0..<bins { sum.add(positive: counts[bin], negative: counts[bins + bin]) }
        let isRoot = communicator.rank == 0
        var points: OperatingPoints?
        if var builder, isRoot, sum.area != nil {
            builder.begin(positives: counts[..<bins].reduce(0, +), negatives: counts[bins...].reduce(0, +))
            for place in 0..<bins {
                let bin = builder.looksForOne ? bins - 1 - place : place
                // In the middle of the bin.
                let key = (UInt32(bin) << UInt32(32 - bits)) | 1 << UInt32(31 - bits)
                builder.add(score(key), counts[bin], counts[bins + bin])
            }
            points = builder.points
        }
        return AreaUnderCurve(
            value: sum.area, bins: bins, averagePrecisions: sum.area == nil ? nil : sum.averagePrecisions,
            curve: isRoot ? sum.curve.curve : nil, operation: points)
    }

    /// Sorts by the keys' digits of eleven bits, the lowest first; rows of one key keep their order.
    @inline(__always)
    private static func sort(
        _ rows: inout [(key: UInt32, weight: Float)], by key: ((key: UInt32, weight: Float)) -> UInt32
    ) {
        let digits = 1 << 11
        rows.withUnsafeMutableBufferPointer { rows in
            withUnsafeTemporaryAllocation(of: (key: UInt32, weight: Float).self, capacity: rows.count) { spare in
                var (from, to) = (rows, spare)
                for shift in stride(from: UInt32(0), to: 32, by: 11) {
                    var ends = [Int](repeating: 0, count: digits)
                    ends.withUnsafeMutableBufferPointer { ends in
                        for row in from { ends[Int(key(row) >> shift) & (digits - 1)] += 1 }
                        var total = 0
                        for digit in 0..<digits {
                            let count = ends[digit]
                            ends[digit] = total
                            total += count
                        }
                        for row in from {
                            let digit = Int(key(row) >> shift) & (digits - 1)
                            to.initializeElement(at: ends[digit], to: row)
                            ends[digit] += 1
                        }
                    }
                    swap(&from, &to)
                }
                // Three moves: the rows are in the spare memory now.
                _ = rows.update(from: from)
            }
        }
    }

    /// An integer that orders as the number does; −0 and 0 are the same.
    private static func orderedBits(_ value: Float) -> UInt32 {
        let bits = (value + 0).bitPattern
        return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    }

    /// The number that orders so.
    private static func score(_ bits: UInt32) -> Float {
        Float(bitPattern: bits & 0x8000_0000 == 0 ? ~bits : bits & 0x7FFF_FFFF)
    }

    /// Sums up groups of equal score, lowest first.
    private struct RankSum {
        private var positives = 0.0
        private var negatives = 0.0
        private var pairs = 0.0
        /// Where rows of class 0 are to be found, lowest scores first, and those of class 1, highest first.
        private(set) var averagePrecisions = [0.0, 0.0]
        private let (allPositives, allNegatives): (Double, Double)
        private(set) var curve: ROCCurve.Builder

        init(allPositives: Double = 0, allNegatives: Double = 0) {
            (self.allPositives, self.allNegatives) = (allPositives, allNegatives)
            curve = ROCCurve.Builder(positives: allPositives, negatives: allNegatives)
        }

        mutating func add(positive: Double, negative: Double) {
            pairs += positive * (negatives + 0.5 * negative)
            let (found, others) = (allPositives - positives, allNegatives - negatives)
            positives += positive
            negatives += negative
            if positive > 0 { averagePrecisions[1] += positive / allPositives * (found / (found + others)) }
            if negative > 0 { averagePrecisions[0] += negative / allNegatives * (negatives / (positives + negatives)) }
            curve.add(positive: positive, negative: negative)
        }

        var area: Double? { positives > 0 && negatives > 0 ? pairs / (positives * negatives) : nil }
    }
}
