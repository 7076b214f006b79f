/// The few options of `config.yaml` that a reader of runs wants: lines of the form `key: value`, as the program writes
/// them.
package struct ConfigurationText: Sendable {
    private var values: [Substring: Substring] = [:]

    package init(_ text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
        }
    }

    package func text(_ key: String) -> String? {
        guard let value = values[Substring(key)], !value.isEmpty else { return nil }
        return value.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
            ? String(value.dropFirst().dropLast()) : String(value)
    }

    package func number(_ key: String) -> Double? { text(key).flatMap { Double($0) } }
}
