/// The state that every rank must share when it enters a reduction.
struct Rendezvous {
    var iteration: Int
    var batchSize: Int
    var stepSize: Double
    /// The cycle whose order batches are taken from; nil: the fixed order.
    var cycle: UInt64?

    /// Which variant of its rows a training batch holds; 0 is kept for rows as they are.
    var draw: UInt64 { UInt64(iteration) }

    /// 18 bits.
    func digest(_ kind: ReductionKind, identity: UInt64 = 0) -> UInt64 {
        var hash = Fingerprint()
        hash.combine(identity)
        hash.combine(kind.rawValue)
        hash.combine(UInt64(bitPattern: Int64(iteration)))
        hash.combine(UInt64(bitPattern: Int64(batchSize)))
        hash.combine(stepSize.bitPattern)
        return hash.digest
    }
}

/// A small mixing hash, the same on every machine (Swift's Hasher is seeded per process).
struct Fingerprint {
    private(set) var value: UInt64 = 0x9e37_79b9_7f4a_7c15

    mutating func combine(_ word: UInt64) {
        value = (value ^ word) &* 0xbf58_476d_1ce4_e5b9
        value ^= value >> 29
    }

    /// 18 bits of the value, the highest, which all words have reached.
    var digest: UInt64 { value >> 46 }

    mutating func combine(_ values: UnsafeBufferPointer<Float>) {
        for value in values { combine(UInt64(value.bitPattern)) }
    }
}
