import Platform

/// A line of a terminal: pieces of text, each with a look. Widths count characters.
public struct StyledLine: Sendable, Equatable {
    public enum Look: Sendable, Equatable {
        case plain, strong, faint, good, warning, bad
        /// Parts of a bar.
        case first, second, third, fourth

        /// Parameters of the escape sequence "select graphic rendition".
        fileprivate var code: String {
            switch self {
            case .plain: "0"
            case .strong: "1"
            case .faint: "2"
            case .good: "32"
            case .warning: "33"
            case .bad: "31"
            case .first: "34"
            case .second: "35"
            case .third: "33"
            case .fourth: "90"
            }
        }
    }

    private var pieces: [(text: String, look: Look)] = []

    public init() {}

    public init(_ text: String, _ look: Look = .plain) { add(text, look) }

    /// File names and messages must not steer the terminal.
    public mutating func add(_ text: String, _ look: Look = .plain) {
        if !text.isEmpty { pieces.append((text.printable, look)) }
    }

    public func adding(_ text: String, _ look: Look = .plain) -> StyledLine {
        var line = self
        line.add(text, look)
        return line
    }

    /// At most `columns` wide; `mark` stands for what was cut off.
    package func cut(to columns: Int, mark: String) -> StyledLine {
        guard width > columns, columns > mark.count else { return self }
        var line = StyledLine()
        for (text, look) in pieces { line.add(String(text.prefix(max(0, columns - mark.count - line.width))), look) }
        line.add(mark)
        return line
    }

    package func appending(_ other: StyledLine) -> StyledLine {
        var line = self
        line.pieces += other.pieces
        return line
    }

    public var width: Int { pieces.reduce(0) { $0 + $1.text.count } }
    public var text: String { pieces.map(\.text).joined() }

    /// Fills up with spaces to `width`.
    public mutating func pad(to width: Int) { add(String(repeating: " ", count: max(0, width - self.width))) }

    /// At most `columns` wide, with the sequences of its colours or without.
    public func rendered(columns: Int, colour: Bool) -> String {
        var left = max(0, columns)
        var result = ""
        for (text, look) in pieces where left > 0 {
            let part = text.prefix(left)
            left -= part.count
            result += colour && look != .plain ? "\u{1B}[\(look.code)m\(part)\u{1B}[0m" : String(part)
        }
        return result
    }

    public static func == (left: StyledLine, right: StyledLine) -> Bool {
        left.pieces.elementsEqual(right.pieces) { $0 == $1 }
    }
}
