/// The environment that this process was started with.
public enum Environment {
    public static let all: [String: String] = {
        let entries = (try? WholeFile.text(of: "/proc/self/environ"))?.split(separator: "\0") ?? []
        return entries.reduce(into: [:]) { variables, entry in
            guard let sign = entry.firstIndex(of: "=") else { return }
            variables[String(entry[..<sign])] = String(entry[entry.index(after: sign)...])
        }
    }()

    /// nil: not set, or empty.
    public static subscript(_ name: String) -> String? { all[name].flatMap { $0.isEmpty ? nil : $0 } }
}
