/// A text that is not JSON.
public struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// The byte at which reading stopped.
    public var offset: Int
    public var reason: String

    public var description: String { "not JSON at byte \(offset): \(reason)" }
}

extension JSON {
    /// Reads one document (RFC 8259). Whole numbers that fit are `.integer`, all others `.number`.
    /// - Throws: `JSONSyntaxError`.
    public init(bytes: UnsafeBufferPointer<UInt8>) throws {
        var reader = JSONReader(bytes)
        self = try reader.value(depth: 0)
        try reader.end()
    }

    public init(text: some StringProtocol) throws {
        self = try Array(text.utf8).withUnsafeBufferPointer { try JSON(bytes: $0) }
    }
}

/// Walks through the bytes of a JSON text.
package struct JSONReader {
    /// Deeper documents are refused: they would use up the stack.
    package static let greatestDepth = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    package private(set) var position = 0

    package init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Passes over white space at the end; anything else there is an error.
    package mutating func end() throws {
        skipSpace()
        if position < bytes.count { throw failure("something follows the document") }
    }

    /// Calls `body` with every key of an object as its bytes stand in the text, without the quotes; `body` reads the value.
    package mutating func forEachMember(_ body: (UnsafeBufferPointer<UInt8>, inout JSONReader) throws -> Void) throws {
        try expect("{")
        if take("}") { return }
        repeat {
            skipSpace()
            let key = try stringBytes().bytes
            try expect(":")
            try body(key, &self)
        } while take(",")
        try expect("}")
    }

    /// A number; nil for anything else, which is passed over: null stands for numbers that JSON does not know.
    package mutating func numberOrNil() throws -> Double? {
        skipSpace()
        guard let byte = peek, byte == UInt8(ascii: "-") || isDigit(byte) else {
            _ = try value(depth: 0)
            return nil
        }
        return try number().double
    }

    package mutating func value(depth: Int) throws -> JSON {
        guard depth < Self.greatestDepth else { throw failure("nested too deeply") }
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"):
            var members: [(key: String, value: JSON)] = []
            try expect("{")
            if take("}") { return .object([]) }
            repeat {
                skipSpace()
                let key = try string()
                try expect(":")
                members.append((key, try value(depth: depth + 1)))
            } while take(",")
            try expect("}")
            return .object(members)
        case UInt8(ascii: "["):
            var values: [JSON] = []
            try expect("[")
            if take("]") { return .array([]) }
            repeat { values.append(try value(depth: depth + 1)) } while take(",")
            try expect("]")
            return .array(values)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        case nil: throw failure("the text ends too early")
        default: return try number()
        }
    }

    // MARK: - Numbers

    private mutating func number() throws -> JSON {
        let start = position
        let isNegative = takeNow("-")
        guard let first = peek, isDigit(first) else { throw failure("expected a value") }
        var whole = 0
        var overflows = false
        if first == UInt8(ascii: "0") {
            position += 1
        } else {
            while let byte = peek, isDigit(byte) {
                let (product, isTooLarge) = whole.multipliedReportingOverflow(by: 10)
                let (sum, isAlsoTooLarge) = product.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
                overflows = overflows || isTooLarge || isAlsoTooLarge
                whole = sum
                position += 1
            }
        }
        var isWhole = true
        if takeNow(".") {
            isWhole = false
            try digits()
        }
        if takeNow("e") || takeNow("E") {
            isWhole = false
            if !takeNow("-") { _ = takeNow("+") }
            try digits()
        }
        // Minus zero is no integer.
        if isWhole, !overflows, !(isNegative && whole == 0) { return .integer(isNegative ? -whole : whole) }
        return .number(decimal(start..<position))
    }

    private mutating func digits() throws {
        guard let byte = peek, isDigit(byte) else { throw failure("expected a digit") }
        while let byte = peek, isDigit(byte) { position += 1 }
    }

    /// The nearest Double. The text has been found to be a JSON number, which the C library reads alike.
    private func decimal(_ range: Range<Int>) -> Double {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: range.count + 1) { text in
            for (place, index) in range.enumerated() { text[place] = CChar(bitPattern: bytes[index]) }
            text[range.count] = 0
            return text.baseAddress.map { strtod($0, nil) } ?? .nan
        }
    }

    // MARK: - Strings

    private mutating func string() throws -> String {
        let (raw, hasEscapes) = try stringBytes()
        return hasEscapes ? try unescaped(raw) : String(decoding: raw, as: UTF8.self)
    }

    /// What stands between the quotes.
    private mutating func stringBytes() throws -> (bytes: UnsafeBufferPointer<UInt8>, hasEscapes: Bool) {
        guard takeNow("\"") else { throw failure("expected a string") }
        let start = position
        var hasEscapes = false
        while let byte = peek, byte != UInt8(ascii: "\"") {
            if byte < 0x20 { throw failure("a control character in a string") }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                position += 1
            }
            position += 1
        }
        guard position < bytes.count else {
            position = bytes.count
            throw failure("a string has no end")
        }
        position += 1
        return (UnsafeBufferPointer(rebasing: bytes[start..<position - 1]), hasEscapes)
    }

    private func unescaped(_ raw: UnsafeBufferPointer<UInt8>) throws -> String {
        var units: [UInt8] = []
        units.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\") else {
                units.append(raw[index])
                index += 1
                continue
            }
            let letter = raw[index + 1]
            index += 2
            switch letter {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(letter)
            case UInt8(ascii: "n"): units.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): units.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "t"): units.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "b"): units.append(8)
            case UInt8(ascii: "f"): units.append(12)
            case UInt8(ascii: "u"):
                var code = try hexadecimal(raw, at: index)
                index += 4
                if (0xD800..<0xDC00).contains(code), index + 5 < raw.count, raw[index] == UInt8(ascii: "\\"),
                    raw[index + 1] == UInt8(ascii: "u")
                {
                    let low = try hexadecimal(raw, at: index + 2)
                    if (0xDC00..<0xE000).contains(low) {
                        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                        index += 6
                    }
                }
                // Half of a surrogate pair is no character.
                units += Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
            default: throw failure("an unknown escape in a string")
            }
        }
        return String(decoding: units, as: UTF8.self)
    }

    private func hexadecimal(_ raw: UnsafeBufferPointer<UInt8>, at index: Int) throws -> UInt32 {
        guard index + 4 <= raw.count else { throw failure("an escape in a string has no end") }
        var code: UInt32 = 0
        for byte in raw[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("expected four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
        }
        return code
    }

    // MARK: - Bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func takeNow(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        return takeNow(character)
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        guard take(character) else { throw failure("expected '\(character)'") }
    }

    private mutating func word(_ text: StaticString) throws {
        let matches =
            position + text.utf8CodeUnitCount <= bytes.count
            && (0..<text.utf8CodeUnitCount).allSatisfy { bytes[position + $0] == text.utf8Start[$0] }
        guard matches else { throw failure("expected a value") }
        position += text.utf8CodeUnitCount
    }

    private func failure(_ reason: String) -> JSONSyntaxError { JSONSyntaxError(offset: position, reason: reason) }
}
