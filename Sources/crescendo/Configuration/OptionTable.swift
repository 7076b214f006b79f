import Platform

/// The options of `train` that a configuration file may set; keys are option names without dashes.
enum OptionTable {
    enum Kind {
        /// One value.
        case value
        /// One value that names a file or folder.
        case path
        /// A list of values (one alone needs no brackets).
        case values
        case paths
        /// true or false: `--key` or `--no-key`.
        case flag
    }

    /// From the declarations, as the parser describes them; options that complete to files name files.
    static let kinds: [(key: String, kind: Kind)] = {
        let description = try? JSON(text: TrainCommand._dumpHelp())
        return (description?["command"]?["arguments"]?.array ?? []).flatMap { argument -> [(key: String, kind: Kind)] in
            let names = (argument["names"]?.array ?? []).compactMap { $0["name"]?.string }
            let completion = argument["completionKind"]
            let isPath = completion?["file"] != nil || completion?["directory"] != nil
            let isList = argument["isRepeating"] == .bool(true)
            switch argument["kind"]?.string {
            case "positional": return [(key: "data", kind: .paths)]
            case "flag": return names.filter { !$0.hasPrefix("no-") }.map { ($0, .flag) }
            default: return names.map { ($0, isList ? (isPath ? .paths : .values) : isPath ? .path : .value) }
            }
        }.filter { !["config", "version", "help", "h"].contains($0.key) }
    }()

    static func kind(of key: String) -> Kind? { kinds.first { $0.key == key }?.kind }
}
