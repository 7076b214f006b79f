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

    /// One line, no spaces.
    public var text: String {
        var result = ""
        write(to: &result, indent: nil)
        return result
    }

    /// One member a line, two spaces of indentation.
    public var indentedText: String {
        var result = ""
        write(to: &result, indent: 0)
        return result + "\n"
    }

    private func write(to text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? value.description : "null"
        case .string(let value): JSON.quote(value, into: &text)
        case .array(let values):
            // Arrays stay on one line: they are short lists of numbers or names.
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += indent == nil ? "," : ", " }
                value.write(to: &text, indent: nil)
            }
            text += "]"
        case .object(let members):
            let inner = indent.map { "\n" + String(repeating: " ", count: 2 * ($0 + 1)) } ?? ""
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                text += inner
                JSON.quote(member.key, into: &text)
                text += indent == nil ? ":" : ": "
                member.value.write(to: &text, indent: indent.map { $0 + 1 })
            }
            if let indent, !members.isEmpty { text += "\n" + String(repeating: " ", count: 2 * indent) }
            text += "}"
        }
    }

    private static func quote(_ string: String, into text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
