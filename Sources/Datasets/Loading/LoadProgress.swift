import Synchronization

/// How far this rank has come with its share of the data, for another thread to look at while it loads.
public final class LoadProgress: Sendable {
    private let done = Atomic<Int>(0)
    private let expected = Atomic<Int>(0)
    private let total = Atomic<Int>(0)

    public init() {}

    /// Bytes of all files on disk, and which part of them has been read, 0 ... 1, going by this rank's share. Nil before
    /// the files are known.
    public var state: (bytes: Int, share: Double)? {
        let expected = expected.load(ordering: .relaxed)
        guard expected > 0 else { return nil }
        let share = Double(done.load(ordering: .relaxed)) / Double(expected)
        return (total.load(ordering: .relaxed), min(share, 1))
    }

    /// - Parameters:
    ///   - expected: bytes that this rank will read, in all passes.
    ///   - total: bytes of all files.
    func start(expecting expected: Int, total: Int) {
        done.store(0, ordering: .relaxed)
        self.total.store(total, ordering: .relaxed)
        self.expected.store(expected, ordering: .relaxed)
    }

    /// There is another pass than was thought.
    func expect(_ bytes: Int) { expected.wrappingAdd(bytes, ordering: .relaxed) }

    func add(_ bytes: Int) { done.wrappingAdd(bytes, ordering: .relaxed) }
}
