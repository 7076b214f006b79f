import Platform

/// A piece of an HTML page. What is written in a literal is markup; what is put into it is escaped, unless it is markup
/// itself. So no text from a file becomes markup by oversight:
///
///     let cell: HTML = "<td>\(name)</td>"
///
/// The page is kept well-formed XML too, so that a strict parser can check it.
package struct HTML: ExpressibleByStringInterpolation, Equatable {
    package private(set) var text: String

    package init(stringLiteral value: String) { text = value }

    /// Says that a literal is markup where the type is not clear.
    package init(_ markup: HTML) { self = markup }

    package init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

    private init(text: String) { self.text = text }

    package static let empty = HTML(text: "")

    /// Text that this program itself holds and that is markup.
    package static func trusted(_ text: String) -> HTML { HTML(text: text) }

    package static func + (left: HTML, right: HTML) -> HTML { HTML(text: left.text + right.text) }
    package static func += (left: inout HTML, right: HTML) { left.text += right.text }

    /// Text for people, whatever characters it holds.
    package static func escaped(_ text: some StringProtocol) -> HTML {
        // Most texts hold nothing of the kind.
        if text.utf8.allSatisfy({ isPlain($0) }) { return HTML(text: String(text)) }
        // A number and its per cent sign stay on one line.
        let text = String(text).replacing(" %", with: "\u{A0}%").replacing("× ", with: "×\u{A0}")
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // Characters that no page may hold.
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}":
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return HTML(text: result)
    }

    /// Of a text of such bytes nothing changes.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20...0x7E: !"&<>\"'%".utf8.contains(byte)
        default: byte == 0x0A
        }
    }

    package struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        package mutating func appendLiteral(_ literal: String) { text += literal }
        package mutating func appendInterpolation(_ value: HTML) { text += value.text }
        package mutating func appendInterpolation(_ value: some StringProtocol) { text += HTML.escaped(value).text }
        package mutating func appendInterpolation(_ value: Int) { text += String(value) }
        /// A coordinate: a tenth of a pixel is enough.
        package mutating func appendInterpolation(_ value: Double) { text += Coordinate.text(value) }
    }
}

extension Sequence where Element == HTML {
    package func joined(_ separator: HTML = .empty) -> HTML {
        var result = HTML.empty
        for (index, piece) in enumerated() {
            if index > 0 { result += separator }
            result += piece
        }
        return result
    }
}

package enum Coordinate {
    package static func text(_ value: Double) -> String {
        let text = NumberFormat.fixed(value.isFinite ? value : 0, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
