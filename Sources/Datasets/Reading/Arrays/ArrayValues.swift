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
        case .f2: try body { Double(half(word($0, $1, UInt16.self, swaps))) }
        case .f4: try body { Double(Float(bitPattern: word($0, $1, UInt32.self, swaps))) }
        case .f8: try body { Double(bitPattern: word($0, $1, UInt64.self, swaps)) }
        // Texts are labels, and `TextElements` reads them.
        case .unicode, .bytes, .string: try body { _, _ in .nan }
        }
    }

    /// The same for arrays of whole numbers, as whole numbers; one beyond Int becomes negative.
    @inline(__always)
    static func forEachInteger<Result>(
        _ header: ArrayHeader, _ body: ((UnsafeRawPointer, Int) -> Int) throws -> Result
    ) rethrows -> Result {
        let swaps = header.isBigEndian
        return switch header.element {
        case .i1: try body { Int($0.load(fromByteOffset: $1, as: Int8.self)) }
        case .i2: try body { Int(word($0, $1, Int16.self, swaps)) }
        case .u2: try body { Int(word($0, $1, UInt16.self, swaps)) }
        case .i4: try body { Int(word($0, $1, Int32.self, swaps)) }
        case .u4: try body { Int(word($0, $1, UInt32.self, swaps)) }
        case .i8, .u8: try body { word($0, $1, Int.self, swaps) }
        default: try body { Int($0.load(fromByteOffset: $1, as: UInt8.self)) }
        }
    }

    static func integer(_ header: ArrayHeader, _ start: UnsafeRawPointer, _ index: Int) -> Int {
        forEachInteger(header) { $0(start, index) }
    }

    /// Half precision: the bits of a Float are the same ones, with another bias.
    private static func half(_ bits: UInt16) -> Float {
        let magnitude = UInt32(bits & 0x7FFF) << 13
        let isFinite = bits & 0x7C00 != 0x7C00
        let value = isFinite ? Float(bitPattern: magnitude) * 0x1p112 : Float(bitPattern: magnitude | 0x7F80_0000)
        return bits & 0x8000 == 0 ? value : -value
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
