import CKernels
import Platform

/// Zero-filled memory, aligned to 64 bytes, freed with its last owner.
///
/// Large buffers are fresh pages of the system, huge ones where it has them, and not touched here: each page comes to lie
/// in the memory of the processor whose thread writes it first.
///
/// Unchecked Sendable: writers are the loader (before a buffer is shared) and kernels on disjoint ranges.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    public let pointer: UnsafeMutablePointer<Element>
    public let count: Int
    /// nil: the memory is this buffer's own.
    private let owner: AnyObject?

    public init(count: Int) {
        let bytes = Self.bytes(count)
        guard let memory = ck_allocate(bytes) else { endWithoutMemory(bytes) }
        pointer = memory.bindMemory(to: Element.self, capacity: max(1, count))
        self.count = count
        owner = nil
    }

    /// Memory that belongs to `owner`, which is kept alive: a mapped file, for example.
    /// - Precondition: `pointer` is aligned to 64 bytes and holds `count` elements.
    public init(_ pointer: UnsafeMutablePointer<Element>, count: Int, ownedBy owner: AnyObject) {
        precondition(Int(bitPattern: pointer) % 64 == 0)
        self.pointer = pointer
        self.count = count
        self.owner = owner
    }

    public convenience init(_ values: [Element]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { values in
            if let source = values.baseAddress { pointer.update(from: source, count: values.count) }
        }
    }

    deinit {
        if owner == nil { ck_free(pointer, Self.bytes(count)) }
    }

    private static func bytes(_ count: Int) -> Int { max(1, count) * MemoryLayout<Element>.stride }

    public subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count)
            return pointer[index]
        }
        set {
            assert(index >= 0 && index < count)
            pointer[index] = newValue
        }
    }

    public var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: pointer, count: count)
    }
}

/// The last resort: data that will not fit is refused before. One line that says what helps, and an exit code; the launcher
/// ends the other ranks.
private func endWithoutMemory(_ bytes: Int) -> Never {
    let line =
        "crescendo: out of memory: the system refuses \(bytes) bytes more. Use more nodes, fewer ranks on each, or less data; "
        + "see also ulimit -v.\n"
    line.utf8CString.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
    _exit(1)
}
