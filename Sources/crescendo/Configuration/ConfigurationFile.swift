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

    /// The file's contents; one of more than `limit` bytes is refused.
    /// - Parameter option: that named it, for the message.
    static func text(of path: String, limit: Int = 1 << 20, option: String? = nil) throws -> String {
        // Without O_NONBLOCK a named pipe that nobody writes to would be waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw ConfigurationError(
                file: path, line: nil,
                message: "cannot open: \(String(cString: strerror(errno)))" + (option.map { " (option \($0))" } ?? ""))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ConfigurationError(
                file: path, line: nil,
                message: "is no regular file, and every rank must be able to read it: give a file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = chunk.withUnsafeMutableBytes { Platform.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ConfigurationError(
                    file: path, line: nil, message: "cannot read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw ConfigurationError(file: path, line: nil, message: "is too long for a configuration file")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
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
                key != "cache" || text != CacheFolder.word, let slash = path.lastIndex(of: "/")
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
