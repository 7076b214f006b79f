import Synchronization

/// Scratch memory that outlives a call: a buffer that is given back serves the next request. Its content is arbitrary.
public final class Workspace: Sendable {
    private let spare = Mutex<[AlignedBuffer<UInt8>]>([])

    public init() {}

    /// A buffer of at least `bytes` bytes: the smallest spare one that is large enough, else a new one.
    public func take(bytes: Int) -> AlignedBuffer<UInt8> {
        let found = spare.withLock { spare -> AlignedBuffer<UInt8>? in
            let fitting = spare.indices.filter { spare[$0].count >= bytes }
            guard let index = fitting.min(by: { spare[$0].count < spare[$1].count }) else {
                // One that is too small is not kept beside its successor.
                if let largest = spare.indices.max(by: { spare[$0].count < spare[$1].count }) {
                    spare.remove(at: largest)
                }
                return nil
            }
            return spare.remove(at: index)
        }
        return found ?? AlignedBuffer(count: bytes + bytes / 4)
    }

    public func give(back buffer: AlignedBuffer<UInt8>) { spare.withLock { $0.append(buffer) } }

    /// Runs `body` with room for `count` elements.
    public func with<Element: BitwiseCopyable, Result>(
        _ type: Element.Type, count: Int, _ body: (UnsafeMutablePointer<Element>) -> Result
    ) -> Result {
        let buffer = take(bytes: count * MemoryLayout<Element>.stride)
        defer { give(back: buffer) }
        return body(UnsafeMutableRawPointer(buffer.pointer).bindMemory(to: Element.self, capacity: count))
    }
}
