import Kernels
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
    case identity = 9
    case parameters = 10
    case hessian = 11
    case factorization = 12
    case storedValues = 13
    case preconditionedNorms = 14
    case rankTimes = 15
    case leastLoss = 16
    case strata = 17
    case sample = 18
    case products = 19
}

/// What one rank saw alone. Flags travel in the next reduction and are acted on by all ranks, or by none.
struct LocalFlags {
    var stopRequested = false
    var timeIsUp = false
    /// It is time for a snapshot.
    var snapshotIsDue = false
    /// It is time to compare the ranks' times; rank 0 alone says so.
    var timesAreDue = false
}

/// The flags of all ranks after a reduction.
struct AgreedFlags {
    var stopRequested = false
    var timeIsUp = false
    var snapshotIsDue = false
    var timesAreDue = false
}

public enum ReductionError: Error, CustomStringConvertible, Equatable {
    case optionsDiffer
    case ranksDisagree(iteration: Int)
    case incompleteBatch(iteration: Int, expected: Int, found: Double)
    /// - Parameter ranks: the one whose parameters are not what all others have, both of two; none where several differ.
    case parametersDiffer(iteration: Int, ranks: [Int])

    public var description: String {
        switch self {
        case .optionsDiffer:
            "The ranks were started with different training options, models or data: give all ranks the same "
                + "command line and configuration."
        case .ranksDisagree(let iteration):
            "The ranks took different decisions by iteration \(iteration): their numbers or programs differ. "
                + "Check that every node runs the same build of crescendo on the same data and options."
        case .incompleteBatch(let iteration, let expected, let found):
            "The ranks' parts of a batch of \(expected) rows add up to \(found) rows in iteration \(iteration): the ranks "
                + "hold other data than they should, or a message was spoilt."
        case .parametersDiffer(let iteration, let ranks):
            "By iteration \(iteration) the parameters of "
                + (ranks.isEmpty ? "several ranks" : "rank " + ranks.map(String.init).joined(separator: " and rank "))
                + " are not those of the other ranks, as they must be to the last bit: the memory or the processor of a node is "
                + "not to be trusted. Go on from the last checkpoint without it."
        }
    }
}

/// The one door to the network while training: sums a packet over the ranks, checks that all ranks are at the same
/// decision, and carries flags.
///
/// The header holds Σh and Σh² of an 18-bit digest h of (identity, kind, iteration, K, α), and the same of a fingerprint of the
/// parameters where they are compared. h is the same on all ranks exactly when P·Σh² = (Σh)²; Σh² is exact in Double up to 2¹⁷
/// ranks, and the products are formed in 128 bits.
final class Reducer {
    /// Gradient reductions from one comparison of the parameters to the next.
    static let comparisonInterval = 64

    let communicator: any Communicator
    /// Of gradients of at least this many values columns with few values travel in a shorter form.
    var narrowFrom = 1 << 18
    /// Digest of what must be the same on all ranks all the time: options, model, amount of data.
    var identity: UInt64 = 0
    var account = Account()
    private var lastStay = SharedStay()
    var flags = LocalFlags()
    /// Where it is set, what this rank sees is asked for before every reduction.
    var observe: (() -> LocalFlags)?
    var agreed = AgreedFlags()
    private var fingerprint: UInt64?

    /// What a run takes along when it goes on elsewhere.
    struct Account: Codable {
        var allreduces = 0
        /// Bytes of the messages of one rank; 0 for a rank alone.
        var bytes = 0
        var communicationSeconds = 0.0
        /// Of `communicationSeconds`, what the reductions took once all ranks were there; the rest was waiting.
        var transferSeconds = 0.0
        fileprivate(set) var gradientsUntilComparison = 0
    }

    init(communicator: any Communicator) {
        self.communicator = communicator
    }

    /// Compares the parameters at the next call of `noteParameters`, whether it is due or not.
    func compareParametersNow() { account.gradientsUntilComparison = 0 }

    /// Says what this rank's parameters are; where a comparison is due, the next reduction makes it.
    func noteParameters(_ parameters: [Float]) {
        guard account.gradientsUntilComparison <= 0 else { return }
        account.gradientsUntilComparison = Self.comparisonInterval
        var hash = Fingerprint()
        parameters.withUnsafeBufferPointer { hash.combine($0) }
        fingerprint = hash.digest
    }

    /// One reduction of nothing but a header, of the same length whatever the options are.
    /// - Throws: `ReductionError.optionsDiffer`.
    func compareIdentities() throws {
        do {
            try reduceHeader(.identity, rendezvous: Rendezvous(iteration: 0, batchSize: 0, stepSize: 0))
        } catch ReductionError.ranksDisagree {
            throw ReductionError.optionsDiffer
        }
    }

    /// A reduction that carries flags and comparisons only.
    func reduceHeader(_ kind: ReductionKind, rendezvous: Rendezvous) throws {
        try reduce(Packet(count: 0), kind: kind, rendezvous: rendezvous)
    }

    /// The sums of `values` over all ranks.
    func sums(_ values: [Double], kind: ReductionKind, rendezvous: Rendezvous) throws -> [Double] {
        let packet = Packet(values)
        try reduce(packet, kind: kind, rendezvous: rendezvous)
        return Array(packet.values)
    }

    /// The sum of `value` over all ranks.
    func sum(_ value: Double, kind: ReductionKind, rendezvous: Rendezvous) throws -> Double {
        try sums([value], kind: kind, rendezvous: rendezvous)[0]
    }

    /// Sums `packet` over all ranks, in place.
    /// - Parameters:
    ///   - units: more payload, of one fixed length too, that travels in a call of its own.
    ///   - rendezvous: what this rank believes it is doing; the same on all ranks unless something is broken.
    func reduce(
        _ packet: Packet, units: AlignedBuffer<Int32>? = nil, kind: ReductionKind, rendezvous: Rendezvous
    ) throws {
        if let observe { flags = observe() }
        if kind == .gradient { account.gradientsUntilComparison -= 1 }
        let compared = fingerprint.map { Double($0) }
        fingerprint = nil
        let digest = Double(rendezvous.digest(kind, identity: identity))
        packet.header = Packet.Header(
            stopRequests: flags.stopRequested ? 1 : 0, timeIsUp: flags.timeIsUp ? 1 : 0,
            snapshotIsDue: flags.snapshotIsDue ? 1 : 0, timesAreDue: flags.timesAreDue ? 1 : 0, digest: digest,
            squaredDigest: digest * digest, parameters: compared ?? 0,
            squaredParameters: (compared ?? 0) * (compared ?? 0),
            placedParameters: (compared ?? 0) * Double(communicator.rank), stay: lastStay.contribution)
        let clock = Stopwatch()
        countBytes(of: Double.self, packet.numbers.count)
        try communicator.allreduce(packet.numbers, .sum)
        if let units, communicator.size > 1 {
            countBytes(of: Int32.self, units.count)
            // Modulo 2³²: what does not fit is found by its sizes, and added up again.
            try units.elements.withMemoryRebound(to: UInt32.self) { try communicator.allreduce($0, .sum) }
        }
        let header = packet.header
        let stay = clock.seconds
        account.transferSeconds += lastStay.transfer(sum: header.stay)
        lastStay = SharedStay(seconds: stay)
        account.communicationSeconds += stay
        // How often times are compared depends on the clock; what is counted depends on the method alone.
        if kind != .rankTimes { account.allreduces += 1 }
        guard Self.areEqual(sum: header.digest, squares: header.squaredDigest, ranks: communicator.size) else {
            throw ReductionError.ranksDisagree(iteration: rendezvous.iteration)
        }
        if let compared,
            !Self.areEqual(sum: header.parameters, squares: header.squaredParameters, ranks: communicator.size)
        {
            throw ReductionError.parametersDiffer(
                iteration: rendezvous.iteration,
                ranks: Self.differing(header, own: compared, rank: communicator.rank, ranks: communicator.size))
        }
        agreed.stopRequested = agreed.stopRequested || header.stopRequests > 0
        agreed.timeIsUp = agreed.timeIsUp || header.timeIsUp > 0
        agreed.snapshotIsDue = agreed.snapshotIsDue || header.snapshotIsDue > 0
        agreed.timesAreDue = agreed.timesAreDue || header.timesAreDue == 1
    }

    /// The rank whose digest is another than that of all others, from Σh, Σh² and Σ rank·h and what this rank has; both of two;
    /// none where several differ. Ranks find the same without another call, which a spoilt message would make only some of
    /// them join.
    static func differing(_ header: Packet.Header, own: Double, rank: Int, ranks: Int) -> [Int] {
        guard ranks > 2 else { return Array(0..<ranks) }
        let others = Double(ranks - 1)
        // All but one have what this rank has, or this rank is the one.
        let odd = header.parameters - others * own
        let common = (header.parameters - own) / others
        let places = others * Double(ranks) / 2
        let place = (header.placedParameters - own * places) / (odd - own)
        if others * own * own + odd * odd == header.squaredParameters, let found = Int(exactly: place),
            (0..<ranks).contains(found)
        {
            return [found]
        }
        return others * common * common + own * own == header.squaredParameters ? [rank] : []
    }

    /// Sums of whole numbers over the ranks, element by element.
    func sums(_ values: [Int32]) throws -> [Int32] {
        countBytes(of: Int32.self, values.count)
        account.allreduces += 1
        return try communicator.allreduce(values, .sum)
    }

    /// The largest value of all ranks, element by element.
    func maxima(_ values: [Int32]) throws -> [Int32] {
        countBytes(of: Int32.self, values.count)
        account.allreduces += 1
        return try communicator.allreduce(values, .maximum)
    }

    /// Numbers go to every rank and come from all.
    func exchange<Element: MPIElement>(
        _ sent: UnsafeBufferPointer<Element>, _ sentCounts: [Int],
        _ received: UnsafeMutableBufferPointer<Element>, _ receivedCounts: [Int]
    ) throws {
        let clock = Stopwatch()
        countBytes(of: Element.self, sent.count)
        try communicator.alltoallv(
            sent, sendCounts: sentCounts, into: received, receiveCounts: receivedCounts)
        noteExchange(clock)
    }

    /// Makes `whole` whole, of which every rank has its part.
    func gather(_ whole: UnsafeMutableBufferPointer<Float>, counts: [Int]) throws {
        let clock = Stopwatch()
        countBytes(of: Float.self, whole.count)
        try communicator.allgather(inPlace: whole, counts: counts)
        noteExchange(clock)
    }

    /// All ranks are there at about the same time: they came from a reduction.
    private func noteExchange(_ clock: Stopwatch) {
        account.communicationSeconds += clock.seconds
        account.transferSeconds += clock.seconds
    }

    private func countBytes<Element>(of type: Element.Type, _ count: Int) {
        if communicator.size > 1 { account.bytes += count * MemoryLayout<Element>.stride }
    }

    /// Whether `ranks` whole numbers are all the same, from their sum and their sum of squares (Cauchy–Schwarz).
    static func areEqual(sum: Double, squares: Double, ranks: Int) -> Bool {
        guard let sum = UInt64(exactly: sum), let squares = UInt64(exactly: squares), ranks > 0 else { return false }
        return sum.multipliedFullWidth(by: sum) == UInt64(ranks).multipliedFullWidth(by: squares)
    }
}
