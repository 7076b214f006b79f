import Datasets
import Platform

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
        let found: [OptionLines.Line]
        do {
            found = try OptionLines(yaml: yaml).lines
        } catch let fault as OptionLines.Fault {
            throw ConfigurationError(file: path, line: fault.line, message: fault.message)
        }
        var names: Set<String> = []
        for line in found {
            guard let key = line.key, !names.insert(key).inserted else { continue }
            throw ConfigurationError(file: path, line: line.number, message: "given twice: \(key)")
        }
        entries = try found.map { try ConfigurationFile.entry($0, path: path) }
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

    private static func entry(_ given: OptionLines.Line, path: String) throws -> Entry {
        let line = given.number
        func failure(_ message: String) -> ConfigurationError {
            ConfigurationError(file: path, line: line, message: message)
        }
        guard let key = given.key else { throw failure("expected an option name") }
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
        switch given.value {
        case .scalar(let text, let isPlain):
            // A key without a value leaves the option at its default.
            texts = isPlain && ["", "~", "null"].contains(text) ? [] : [text]
        case .list(let items):
            texts = try items.map { item in
                guard let item else { throw failure("'\(key)' takes a list of plain values") }
                return item
            }
        case .mapping: throw failure("'\(key)' takes a value or a list of values")
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
