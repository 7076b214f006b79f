import Datasets
import Platform
import Yams

/// A configuration file that cannot be used: which file, which line, what is wrong.
struct ConfigurationError: Error, CustomStringConvertible {
    var file: String
    var line: Int?
    var message: String

    var description: String { (line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)").printable }
}

/// Options of `train` from a YAML file, as the arguments that the command line would have given.
struct ConfigurationFile {
    /// One option with the line it stands on.
    struct Entry {
        var key: String
        var line: Int
        var arguments: [String]
    }

    let path: String
    let entries: [Entry]

    /// - Parameter path: the file's path, for messages and as the base of relative paths.
    init(yaml: String, path: String) throws {
        self.path = path
        // Notepad begins a file with a byte-order mark; YAML allows it (1.2, 5.2).
        let yaml = yaml.hasPrefix("\u{FEFF}") ? String(yaml.dropFirst()) : yaml
        guard ConfigurationFile.aliases(in: yaml) <= ConfigurationFile.mostAliases else {
            throw ConfigurationError(
                file: path, line: nil,
                message: "has more than \(ConfigurationFile.mostAliases) aliases (*name): write the values out")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch let error as YamlError {
            throw ConfigurationFile.error(from: error, path: path)
        }
        guard let root else {
            entries = []
            return
        }
        guard let mapping = root.mapping else {
            throw ConfigurationError(
                file: path, line: root.mark?.line, message: "expected lines of the form 'option: value'")
        }
        entries = try mapping.map { try ConfigurationFile.entry($0.key, $0.value, path: path) }
    }

    /// Aliases of aliases multiply: a few lines would mean more values than any machine can look at. So many, however
    /// arranged, make some 100,000 at most.
    private static let mostAliases = 32

    /// Places in a text at which an alias may stand.
    private static func aliases(in yaml: String) -> Int {
        var before = UInt8(ascii: "\n")
        var count = 0
        for byte in yaml.utf8 {
            if byte == UInt8(ascii: "*"), before <= 0x20 || "[{,:?-!\u{FEFF}".utf8.contains(before) { count += 1 }
            before = byte
        }
        return count
    }

    /// The file's contents.
    static func text(of path: String) throws -> String {
        do {
            return try WholeFile.text(of: path, limit: 1 << 20)
        } catch let error as FileReadError {
            throw ConfigurationError(
                file: path, line: nil,
                message: "cannot open: \(error.reason) (option --config); give a file that every rank can read")
        }
    }

    private static func entry(_ keyNode: Node, _ value: Node, path: String) throws -> Entry {
        let line = keyNode.mark?.line ?? 1
        func failure(_ message: String) -> ConfigurationError {
            ConfigurationError(file: path, line: line, message: message)
        }
        guard let key = keyNode.scalar?.string else { throw failure("expected an option name") }
        guard let kind = OptionTable.kind(of: key) else {
            let hint = nearest(to: key, among: OptionTable.kinds.map(\.key))
            throw failure("unknown option '\(key)'" + (hint.map { "; did you mean '\($0)'?" } ?? ""))
        }
        func joined(_ text: String) -> String {
            guard kind == .path || kind == .paths, !text.hasPrefix("/"), text != "-",
                key != "cache" || text != CacheFolder.word, key != "test" || TrainingDataOptions.share(text) == nil,
                let slash = path.lastIndex(of: "/")
            else { return text }
            return path[...slash] + text
        }
        var texts: [String]
        switch value {
        case .scalar(let scalar):
            // A key without a value leaves the option at its default.
            texts = scalar.style == .plain && ["", "~", "null"].contains(scalar.string) ? [] : [scalar.string]
        case .sequence(let sequence):
            texts = try sequence.map { item in
                guard let text = item.scalar?.string else { throw failure("'\(key)' takes a list of plain values") }
                return text
            }
        default: throw failure("'\(key)' takes a value or a list of values")
        }
        texts = texts.map(joined)
        switch kind {
        case .value, .path:
            guard texts.count <= 1 else { throw failure("'\(key)' takes one value, not a list") }
            return Entry(key: key, line: line, arguments: texts.map { "--\(key)=\($0)" })
        case .values, .paths:
            return Entry(key: key, line: line, arguments: key == "data" ? texts : texts.map { "--\(key)=\($0)" })
        case .flag:
            guard let text = texts.first else { return Entry(key: key, line: line, arguments: []) }
            switch text.lowercased() {
            case "true", "yes", "on": return Entry(key: key, line: line, arguments: ["--\(key)"])
            case "false", "no", "off": return Entry(key: key, line: line, arguments: ["--no-\(key)"])
            default: throw failure("'\(key)' is true or false, not '\(text)'")
            }
        }
    }

    private static func error(from error: YamlError, path: String) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return ConfigurationError(file: path, line: mark.line, message: "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, _):
            return ConfigurationError(
                file: path, line: nil, message: "given twice: \(duplicates.joined(separator: ", "))")
        default:
            return ConfigurationError(file: path, line: nil, message: "not valid YAML")
        }
    }
}

extension TrainCommand {
    /// The options of the file come first and the command line's own after them, so the latter win. A list on the
    /// command line replaces the file's.
    func merging(_ text: String, of path: String, _ arguments: [String]) throws -> TrainCommand {
        let file = try ConfigurationFile(yaml: text, path: path)
        let replaced = Set(TrainOption.all.filter { $0.isGivenAsList(self) }.map(\.name))
        var options: [String] = []
        var data: [String] = []
        for entry in file.entries where !replaced.contains(entry.key) {
            do {
                _ = try TrainCommand.parse(entry.key == "data" ? ["--"] + entry.arguments : entry.arguments)
            } catch {
                throw ConfigurationError(file: path, line: entry.line, message: TrainCommand.message(for: error))
            }
            if entry.key == "data" { data += entry.arguments } else { options += entry.arguments }
        }
        let own = arguments.drop { $0 != "train" }.dropFirst()
        let merged = options + own + (data.isEmpty ? [] : (own.contains("--") ? [] : ["--"]) + data)
        return try TrainCommand.parse(merged)
    }
}
