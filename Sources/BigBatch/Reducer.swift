import MPI

/// The kinds of reduction a run makes; each has one fixed length.
enum ReductionKind: UInt64 {
    case gradient = 1
    case ladder = 2
    case validation = 3
    case columns = 4
    case curvature = 5
    case sampleColumns = 6
    case dualBalance = 7
    case dual = 8
}

/// What one rank saw alone. Flags travel in the next reduction and are acted on by all ranks, or by none.
struct LocalFlags {
    var stopRequested = false
    var timeIsUp = false
}

/// The flags of all ranks after a reduction.
struct AgreedFlags {
    var stopRequested = false
    var timeIsUp = false
}

public enum ReductionError: Error, CustomStringConvertible, Equatable {
    case ranksDisagree(iteration: Int)
    case parametersDiffer(iteration: Int)

    public var description: String {
        switch self {
        case .ranksDisagree(let iteration):
            "The ranks took different decisions by iteration \(iteration): their numbers or programs differ. "
                + "Check that every node runs the same build of crescendo on the same data and options."
        case .parametersDiffer(let iteration):
            "The ranks' parameters differed at iteration \(iteration) and a repair did not hold. "
                + "Check the nodes' memory and that every node runs the same build of crescendo."
        }
    }
}

/// The one door to the network while training: sums a packet over the ranks, checks that all ranks are at the same
/// decision, and carries flags.
///
/// Packet: header, then payload, all Double. The header holds Σ and Σ² of an 18-bit digest h of (kind, iteration, K, α):
/// all ranks agree exactly when P·Σh² = (Σh)², and 18 bits keep both sides exact in Double up to 10⁵ ranks.
final class Reducer {
    static let headerCount = 6

    let communicator: any Communicator
    private(set) var allreduces = 0
    private(set) var communicationSeconds = 0.0
    var flags = LocalFlags()
    private(set) var agreed = AgreedFlags()
    /// Fingerprint of the parameters to compare in the next reduction; 0 when this reduction compares none.
    var parameterDigest: UInt64 = 0
    private(set) var parametersDiffer = false

    init(communicator: any Communicator) {
        self.communicator = communicator
    }

    /// Sums `packet` (header and payload) over all ranks, in place.
    /// - Parameters:
    ///   - decision: what this rank believes it is doing; the same on all ranks unless something is broken.
    func reduce(
        _ packet: UnsafeMutableBufferPointer<Double>, kind: ReductionKind, decision: Decision
    ) throws {
        let digest = Double(decision.digest(kind))
        let fingerprint = Double(parameterDigest & 0x3ffff)
        packet[0] = flags.stopRequested ? 1 : 0
        packet[1] = flags.timeIsUp ? 1 : 0
        packet[2] = digest
        packet[3] = digest * digest
        packet[4] = fingerprint
        packet[5] = fingerprint * fingerprint
        let start = ContinuousClock.now
        try communicator.allreduce(packet, .sum)
        communicationSeconds += seconds(since: start)
        allreduces += 1
        let ranks = Double(communicator.size)
        guard ranks * packet[3] == packet[2] * packet[2] else {
            throw ReductionError.ranksDisagree(iteration: decision.iteration)
        }
        parametersDiffer = ranks * packet[5] != packet[4] * packet[4]
        agreed.stopRequested = agreed.stopRequested || packet[0] > 0
        agreed.timeIsUp = agreed.timeIsUp || packet[1] > 0
    }
}

/// The state that every rank must share when it enters a reduction.
struct Decision {
    var iteration: Int
    var batchSize: Int
    var stepSize: Double

    func digest(_ kind: ReductionKind) -> UInt64 {
        var hash = Fingerprint()
        hash.combine(kind.rawValue)
        hash.combine(UInt64(bitPattern: Int64(iteration)))
        hash.combine(UInt64(bitPattern: Int64(batchSize)))
        hash.combine(stepSize.bitPattern)
        return hash.value & 0x3ffff
    }
}

/// A small mixing hash, the same on every machine (Swift's Hasher is seeded per process).
struct Fingerprint {
    private(set) var value: UInt64 = 0x9e37_79b9_7f4a_7c15

    mutating func combine(_ word: UInt64) {
        value = (value ^ word) &* 0xbf58_476d_1ce4_e5b9
        value ^= value >> 29
    }

    mutating func combine(_ values: UnsafeBufferPointer<Float>) {
        for value in values { combine(UInt64(value.bitPattern)) }
    }
}

func seconds(since start: ContinuousClock.Instant) -> Double {
    let duration = ContinuousClock.now - start
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
