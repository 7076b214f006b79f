import Platform
import Telemetry

/// A terminal taken over for a picture that is redrawn: a screen of its own, keys one by one, no cursor. `leave` puts
/// back what was there.
package final class Terminal {
    private var before: termios?
    private var isOpen = false

    package init() {}

    /// Whether standard output is a terminal that understands the sequences used here.
    package static var isThere: Bool {
        isatty(1) == 1 && !["dumb", ""].contains(Environment["TERM"] ?? "")
    }

    /// Columns and rows; 80 × 24 where the terminal does not say.
    package static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// https://no-color.org: set and not empty.
    package static var wantsColour: Bool { Environment["NO_COLOR"] == nil }

    /// By the locale, as the system's programs do: the first of these that is set decides.
    package static var isUnicode: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { Environment[$0] }.first ?? ""
        return locale.lowercased().replacing("-", with: "").contains("utf8")
    }

    package func enter() {
        guard !isOpen else { return }
        isOpen = true
        var settings = termios()
        if isatty(0) == 1, tcgetattr(0, &settings) == 0 {
            before = settings
            settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
            tcsetattr(0, TCSADRAIN, &settings)
        }
        StandardStream.output.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
    }

    package func leave() {
        guard isOpen else { return }
        isOpen = false
        StandardStream.output.write("\u{1B}[?25h\u{1B}[?1049l")
        if var before { tcsetattr(0, TCSADRAIN, &before) }
        before = nil
    }

    /// Replaces the picture. False when the terminal is gone.
    package func draw(_ lines: [String]) -> Bool {
        // Line by line over what was there: clearing first would flicker.
        let text = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        return StandardStream.output.write("\u{1B}[H" + text + "\u{1B}[J")
    }

    package enum Key {
        case leave
        case other
        /// There will be no more.
        case end
    }

    /// Waits up to `seconds` for a key; nil: none came. Without a keyboard it only waits.
    package func key(within seconds: Double) -> Key? {
        guard before != nil else {
            poll(nil, 0, Int32(seconds * 1000))
            return nil
        }
        var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        guard poll(&input, 1, Int32(seconds * 1000)) > 0 else { return nil }
        var byte: UInt8 = 0
        guard read(0, &byte, 1) == 1 else { return .end }
        // q, Q, and Ctrl-D.
        return [UInt8(ascii: "q"), UInt8(ascii: "Q"), 4].contains(byte) ? .leave : .other
    }

}
