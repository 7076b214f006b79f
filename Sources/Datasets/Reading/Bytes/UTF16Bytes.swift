/// Text in UTF-16, as Excel saves "Unicode text" and PowerShell redirects it, as UTF-8.
final class UTF16Bytes: ByteSource {
    enum Order { case little, big }

    private let base: any ByteSource
    private let name: String
    private let order: Order
    /// UTF-8 that was made and not yet taken.
    private var made: [UInt8] = []
    private var taken = 0
    /// The first half of a pair that came last.
    private var high: UInt32?
    private var isAtEnd = false
    private static let step = 1 << 16

    /// - Parameter base: behind its byte-order mark.
    init(_ base: any ByteSource, order: Order, name: String) {
        self.base = base
        self.order = order
        self.name = name
    }

    var position: Int { base.position }
    // Two bytes become three at most.
    var expected: Int { base.expected.saturating(times: 2).saturating(plus: made.count - taken) }

    /// By the byte-order mark; nil: none of UTF-16.
    static func order(_ head: ArraySlice<UInt8>) -> Order? {
        head.starts(with: [0xFF, 0xFE]) ? .little : head.starts(with: [0xFE, 0xFF]) ? .big : nil
    }

    /// By the zeros that half of the bytes of letters and digits are, where there is no mark.
    static func unmarkedOrder(_ head: ArraySlice<UInt8>) -> Order? {
        guard head.count >= 8 else { return nil }
        let zeros = head.enumerated().filter { $1 == 0 }.map { $0.offset % 2 }
        guard 4 * zeros.count >= head.count, Set(zeros).count == 1 else { return nil }
        return zeros[0] == 1 ? .little : .big
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        while done < buffer.count {
            if taken == made.count {
                guard try refill() else { break }
            }
            let count = min(buffer.count - done, made.count - taken)
            UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
                .copyBytes(from: made[taken..<taken + count])
            taken += count
            done += count
        }
        return done
    }

    private func refill() throws -> Bool {
        made.removeAll(keepingCapacity: true)
        taken = 0
        while made.isEmpty, !isAtEnd {
            let bytes = try base.bytes(UTF16Bytes.step)
            isAtEnd = bytes.count < UTF16Bytes.step
            guard bytes.count % 2 == 0 else {
                throw ParseError(file: name, message: "is UTF-16 text with an odd number of bytes; copy it again")
            }
            for index in stride(from: 0, to: bytes.count, by: 2) {
                let (first, second) = (UInt32(bytes[index]), UInt32(bytes[index + 1]))
                try add(order == .little ? first | second << 8 : first << 8 | second)
            }
            if isAtEnd, high != nil { throw broken }
        }
        return !made.isEmpty
    }

    private var broken: ParseError {
        ParseError(
            file: name, message: "is no valid UTF-16 text near byte \(position); export it as UTF-8 instead")
    }

    private func add(_ unit: UInt32) throws {
        if unit & 0xFC00 == 0xD800 {
            guard high == nil else { throw broken }
            high = unit
            return
        }
        var scalar = unit
        if unit & 0xFC00 == 0xDC00 {
            guard let first = high else { throw broken }
            scalar = 0x10000 + (first & 0x3FF) << 10 + unit & 0x3FF
            high = nil
        } else if high != nil {
            throw broken
        }
        if scalar < 0x80 {
            made.append(UInt8(scalar))
        } else {
            guard let scalar = Unicode.Scalar(scalar) else { throw broken }
            UTF8.encode(scalar).map { made += $0 }
        }
    }
}
