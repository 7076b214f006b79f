/// What every rank did since the last look, the same bits on every rank.
public struct RankTimes: Sendable, Equatable {
    /// One rank's part.
    public struct Share: Sendable, Equatable {
        /// Seconds in kernels.
        public var compute = 0.0
        /// Seconds in reductions until the last rank was there.
        public var waiting = 0.0
        /// Per-sample gradients that this rank evaluated.
        public var samples = 0.0
        /// Bytes of its rows, and bytes of rows that it could take in beside them.
        var rowBytes = 0.0
        var room = 0.0

        public init(compute: Double = 0, waiting: Double = 0, samples: Double = 0) {
            self.compute = compute
            self.waiting = waiting
            self.samples = samples
        }

        /// Nil without samples.
        public var secondsPerSample: Double? { samples > 0 && compute > 0 ? compute / samples : nil }
    }

    /// Training time at this look, and what of it the shares cover; the clock of rank 0.
    public var seconds = 0.0
    public var window = 0.0
    /// By rank.
    public var shares: [Share]
    /// Seconds that the last move of rows took, per byte; 0 before one.
    var secondsPerByte = 0.0

    public init(window: Double, shares: [Share]) {
        self.window = window
        self.shares = shares
    }

    /// Seconds per sample of the rank in the middle, the faster one of two; nil without samples.
    public var median: Double? {
        let known = shares.compactMap(\.secondsPerSample).sorted()
        return known.isEmpty ? nil : known[(known.count - 1) / 2]
    }

    /// Samples of all ranks.
    var samples: Double { shares.reduce(0) { $0 + $1.samples } }
}

/// The slots of a reduction in which each rank fills its own, and rank 0 those of the clock: sums of one number and
/// zeros, which are exact in any order.
extension RankTimes {
    private static let clockSlots = 3
    private static let slots = 5

    static func payloadCount(ranks: Int) -> Int { clockSlots + ranks * slots }

    /// `rank`'s part of the payload.
    func payload(of rank: Int) -> [Double] {
        var values = [Double](repeating: 0, count: Self.payloadCount(ranks: shares.count))
        if rank == 0 { values.replaceSubrange(..<Self.clockSlots, with: [seconds, window, secondsPerByte]) }
        let start = Self.clockSlots + rank * Self.slots
        let share = shares[rank]
        values.replaceSubrange(
            start..<start + Self.slots,
            with: [share.compute, share.waiting, share.samples, share.rowBytes, share.room])
        return values
    }

    init(payload: [Double]) {
        (seconds, window, secondsPerByte) = (payload[0], payload[1], payload[2])
        shares = stride(from: Self.clockSlots, to: payload.count, by: Self.slots).map { start in
            var share = Share(compute: payload[start], waiting: payload[start + 1], samples: payload[start + 2])
            share.rowBytes = payload[start + 3]
            share.room = payload[start + 4]
            return share
        }
    }
}
