import Datasets
import Platform
import Telemetry

/// The options of a run with every default filled in, as `config.yaml` keeps them.
struct ResolvedConfiguration {
    enum Value {
        case text(String)
        /// Written as it is.
        case plain(String)
        case list([String])
        case number(Double)
        case integer(Int)
        case flag(Bool)
    }

    /// Key and value; nil values are left out.
    var entries: [(key: String, value: Value?)]

    /// - Parameter header: comment lines, without the leading #.
    func yaml(header: [String]) -> String {
        // A name with a line end would go on behind the comment.
        var text = header.map { "# \($0.printable)\n" }.joined()
        for (key, value) in entries {
            guard let value else { continue }
            text += "\(key): \(ResolvedConfiguration.scalar(value))\n"
        }
        return text
    }

    /// The values as `yaml` writes them, by key.
    var texts: [String: String] {
        let pairs = entries.compactMap { key, value in value.map { (key, ResolvedConfiguration.scalar($0)) } }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    private static func scalar(_ value: Value) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .plain(let text): text
        case .list(let texts): "[" + texts.map(quoted).joined(separator: ", ") + "]"
        case .number(let number): number.description
        case .integer(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        }
    }

    /// Plain words stay plain; everything else is a double-quoted scalar, whose escapes are those of JSON.
    private static func quoted(_ text: String) -> String {
        let plain = text.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || "-_".unicodeScalars.contains($0)
        }
        let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        let starts = text.first.map { $0.isLetter } ?? false
        return plain && starts && !words.contains(text.lowercased()) ? text : JSON.string(text).text
    }
}
