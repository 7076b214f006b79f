/// Zero-filled memory, aligned to 64 bytes, freed with its last owner.
///
/// Unchecked Sendable: writers are the loader (before a buffer is shared) and kernels on disjoint ranges.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    public let pointer: UnsafeMutablePointer<Element>
    public let count: Int

    public init(count: Int) {
        let bytes = max(1, count) * MemoryLayout<Element>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        pointer = raw.assumingMemoryBound(to: Element.self)
        self.count = count
    }

    public convenience init(_ values: [Element]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { pointer[index] = value }
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }

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
