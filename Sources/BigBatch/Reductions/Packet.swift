/// What one reduction carries: a header, and the numbers that the ranks add up. Memory is taken once.
///
/// Unchecked Sendable: belongs to one objective, or to one call.
final class Packet: @unchecked Sendable {
    /// Goes before the values of every packet. Sums over the ranks, like all else.
    struct Header: BitwiseCopyable {
        /// Ranks that were asked to stop, whose time is up, and that want a snapshot; whether rank 0 wants to compare times.
        var stopRequests = 0.0
        var timeIsUp = 0.0
        var snapshotIsDue = 0.0
        var timesAreDue = 0.0
        /// An 18-bit digest h of the rendezvous, and h².
        var digest = 0.0
        var squaredDigest = 0.0
        /// The same of the parameters, where they are compared, and h times the rank's number: one that differs can be named.
        var parameters = 0.0
        var squaredParameters = 0.0
        var placedParameters = 0.0
        /// How long ranks stayed in the reduction before (see `SharedStay`).
        var stay = 0.0

        static var count: Int { MemoryLayout<Header>.size / MemoryLayout<Double>.stride }
    }

    /// All that travels as Doubles.
    let numbers: UnsafeMutableBufferPointer<Double>

    init(count: Int) {
        numbers = .allocate(capacity: Header.count + count)
        numbers.initialize(repeating: 0)
    }

    convenience init(_ values: [Double]) {
        self.init(count: values.count)
        write(values)
    }

    deinit { numbers.deallocate() }

    var header: Header {
        get { UnsafeRawPointer(start).load(as: Header.self) }
        set { UnsafeMutableRawPointer(start).storeBytes(of: newValue, as: Header.self) }
    }

    /// What comes after the header.
    var values: UnsafeMutableBufferPointer<Double> { UnsafeMutableBufferPointer(rebasing: numbers[Header.count...]) }

    func write(_ values: [Double]) { _ = self.values.update(fromContentsOf: values) }

    private var start: UnsafeMutablePointer<Double> {
        guard let start = numbers.baseAddress else { preconditionFailure("a packet has a header") }
        return start
    }
}
