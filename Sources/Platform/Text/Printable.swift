extension StringProtocol {
    /// The text as people may see it on a terminal, in a message or in a line of a log: names from users and files must not
    /// steer a terminal, begin lines of their own, or read otherwise than they are. Control characters, separators of lines
    /// and marks that turn the direction of text become escapes such as `\n`, `\x1b` and `\u202e`.
    public var printable: String { printable(keepingLines: false) }

    /// - Parameter keepingLines: line ends stay, in texts that have several lines on purpose.
    public func printable(keepingLines: Bool) -> String {
        guard unicodeScalars.contains(where: { $0.isUnprintable && !(keepingLines && $0 == "\n") }) else {
            return String(self)
        }
        var result = ""
        for scalar in unicodeScalars {
            if !scalar.isUnprintable || keepingLines && scalar == "\n" {
                result.unicodeScalars.append(scalar)
            } else {
                result += scalar.escape
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// What no text that people see may hold raw.
    public var isUnprintable: Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F: true
        // Separators of lines, marks of direction, marks around notes, the byte-order mark, and invisible letters.
        case 0x061C, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFF9...0xFFFB,
            0xE0000...0xE007F:
            true
        default: false
        }
    }

    /// As shells and programming languages write it.
    fileprivate var escape: String {
        switch self {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default:
            // Beyond ASCII a byte is no character.
            (value < 0x80 ? "\\x" : "\\u")
                + String(repeating: "0", count: (value < 0x80 ? 2 : 4) - String(value, radix: 16).count)
                + String(value, radix: 16)
        }
    }
}
