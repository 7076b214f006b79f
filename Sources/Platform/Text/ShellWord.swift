/// Text as one word of a shell or of a line for sbatch, whatever users have put into it.
package enum ShellWord {
    /// As bash reads it, on one line and with nothing that a terminal would take for a command: control characters, and
    /// those that change how a line looks, are spelled as bytes.
    package static func quoted(_ text: String) -> String {
        if text.unicodeScalars.contains(where: \.isUnprintable) {
            var word = "$'"
            for scalar in text.unicodeScalars {
                if scalar.isUnprintable {
                    for byte in String(scalar).utf8 { word += "\\x" + hexadecimal(byte) }
                } else {
                    word += scalar == "'" || scalar == "\\" ? "\\" + String(scalar) : String(scalar)
                }
            }
            return word + "'"
        }
        let plain = text.unicodeScalars.allSatisfy { scalar in
            ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                || "-_./=:,+@%".unicodeScalars.contains(scalar)
        }
        return plain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    /// A command line.
    package static func quoted(_ words: [String]) -> String { words.map { quoted($0) }.joined(separator: " ") }

    /// As sbatch reads it behind `#SBATCH`: there a backslash counts within both kinds of quotes, and # begins a comment.
    /// nil: control characters, which such a line cannot have.
    package static func forSbatch(_ text: String) -> String? {
        guard !text.unicodeScalars.contains(where: \.isUnprintable) else { return nil }
        guard text.contains(where: { $0.isWhitespace || "\"'\\#".contains($0) }) || text.isEmpty else { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
    }
}
