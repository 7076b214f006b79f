/// A JSON document whose objects keep the order of their keys.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    /// JSON knows no infinity and no NaN: they are written as null.
    case number(Double)
    case string(String)
    case array([JSON])
    case object([(key: String, value: JSON)])

    public static func == (left: JSON, right: JSON) -> Bool { left.text == right.text }

    /// A number that is for drawing, with `digits` significant digits.
    public static func rounded(_ value: Double, _ digits: Int) -> JSON {
        .number(Double(NumberFormat.significant(value, digits)) ?? value)
    }

    /// The member `key` of an object.
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    public var double: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var array: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }

    public var members: [(key: String, value: JSON)]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// One line, no spaces.
    public var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        write(to: &bytes, indent: nil)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// One member a line, two spaces of indentation.
    public var indentedText: String {
        var bytes: [UInt8] = []
        write(to: &bytes, indent: 0)
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }

    /// Into bytes, not a string: a run may write thousands of lines a second.
    private func write(to text: inout [UInt8], indent: Int?) {
        switch self {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += String(value).utf8
        case .number(let value): text += (value.isFinite ? value.description : "null").utf8
        case .string(let value): JSON.quote(value, into: &text)
        case .array(let values):
            // Arrays stay on one line: they are short lists of numbers or names.
            text.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { text += (indent == nil ? "," : ", ").utf8 }
                value.write(to: &text, indent: nil)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            let inner = indent.map { "\n" + String(repeating: " ", count: 2 * ($0 + 1)) } ?? ""
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                text += inner.utf8
                JSON.quote(member.key, into: &text)
                text += (indent == nil ? ":" : ": ").utf8
                member.value.write(to: &text, indent: indent.map { $0 + 1 })
            }
            if let indent, !members.isEmpty { text += ("\n" + String(repeating: " ", count: 2 * indent)).utf8 }
            text.append(UInt8(ascii: "}"))
        }
    }

    private static func quote(_ string: String, into text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        var lead: UInt8 = 0
        for byte in string.utf8 {
            defer { lead = byte }
            switch byte {
            case UInt8(ascii: "\""): text += "\\\"".utf8
            case UInt8(ascii: "\\"): text += "\\\\".utf8
            case UInt8(ascii: "\n"): text += "\\n".utf8
            case UInt8(ascii: "\r"): text += "\\r".utf8
            case UInt8(ascii: "\t"): text += "\\t".utf8
            // Control characters, also those beyond ASCII, whose two bytes start with 0xC2: YAML refuses them as they are.
            case ..<0x20, 0x7F,
                0x80...0x9F where lead == 0xC2:
                if byte >= 0x80 { text.removeLast() }
                let hex = String(byte, radix: 16)
                text += ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
