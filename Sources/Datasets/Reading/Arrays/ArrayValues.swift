/// Elements of an array as Doubles.
enum ArrayValues {
    /// Calls `body` once, with a function that gives element `index` of the elements at an address; one copy of `body` is
    /// compiled for every type.
    @inline(__always)
    static func forEachCase(
        _ header: ArrayHeader, _ body: ((UnsafeRawPointer, Int) -> Double) throws -> Void
    ) rethrows {
        let swaps = header.isBigEndian
        switch header.element {
        case .u1: try body { Double($0.load(fromByteOffset: $1, as: UInt8.self)) }
        case .i1: try body { Double($0.load(fromByteOffset: $1, as: Int8.self)) }
        case .b1: try body { $0.load(fromByteOffset: $1, as: UInt8.self) == 0 ? 0 : 1 }
        case .u2: try body { Double(word($0, $1, UInt16.self, swaps)) }
        case .i2: try body { Double(word($0, $1, Int16.self, swaps)) }
        case .u4: try body { Double(word($0, $1, UInt32.self, swaps)) }
        case .i4: try body { Double(word($0, $1, Int32.self, swaps)) }
        case .u8: try body { Double(word($0, $1, UInt64.self, swaps)) }
        case .i8: try body { Double(word($0, $1, Int64.self, swaps)) }
        case .f4: try body { Double(Float(bitPattern: word($0, $1, UInt32.self, swaps))) }
        case .f8: try body { Double(bitPattern: word($0, $1, UInt64.self, swaps)) }
        }
    }

    /// The machine is little-endian.
    @inline(__always)
    private static func word<Word: FixedWidthInteger & BitwiseCopyable>(
        _ start: UnsafeRawPointer, _ index: Int, _: Word.Type, _ swaps: Bool
    ) -> Word {
        let word = start.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self)
        return swaps ? word.byteSwapped : word
    }
}
