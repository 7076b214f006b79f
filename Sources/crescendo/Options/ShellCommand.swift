import Datasets

/// Words of a command line as a shell takes them, quoted where they need it; safe to print, and to put into a comment.
func shellCommand(_ words: [String]) -> String { words.map(shellWord).joined(separator: " ") }

/// One word. What no terminal should see raw is written in bash's `$'…'`.
func shellWord(_ word: String) -> String {
    if word.printable != word {
        let escaped = word.replacing("\\", with: "\\\\").replacing("'", with: "\\'").printable
        return "$'" + escaped + "'"
    }
    let isPlain =
        !word.isEmpty
        && word.utf8.allSatisfy { byte in
            byte >= 0x80 || (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
                || "-_./:=,+@%".utf8.contains(byte)
        }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
