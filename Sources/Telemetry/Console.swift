import Platform
import Synchronization

/// What one rank says: lines on standard output, warnings on standard error, and one live line on a terminal that is
/// wiped before anything else is printed and redrawn by its owner. Names in what it says cannot steer a terminal.
public final class Console: Sendable {
    /// False on every rank but 0: such a console prints nothing.
    public let speaks: Bool
    public let screen: Screen
    private let live = Mutex(false)

    public init(speaks: Bool, screen: Screen = .detect()) {
        self.speaks = speaks
        self.screen = screen
    }

    public func print(_ text: String) {
        guard speaks else { return }
        live.withLock { isLive in
            StandardStream.output.write((isLive ? Console.wipe : "") + text.printable(keepingLines: true) + "\n")
            isLive = false
        }
    }

    public func warn(_ text: String) { tell("crescendo: warning: " + text) }

    /// Something worth knowing, on standard error, for commands whose standard output is their result.
    public func note(_ text: String) { tell("crescendo: note: " + text) }

    private func tell(_ text: String) {
        guard speaks else { return }
        live.withLock { isLive in
            if isLive { StandardStream.output.write(Console.wipe) }
            isLive = false
            StandardStream.error.say(text + "\n")
        }
    }

    /// Replaces the live line. For terminals only.
    package func showLive(_ text: String) {
        guard speaks else { return }
        live.withLock { isLive in
            StandardStream.output.write(Console.wipe + text.printable)
            isLive = true
        }
    }

    /// Wipes the live line.
    package func endLive() {
        live.withLock { isLive in
            if isLive { StandardStream.output.write(Console.wipe) }
            isLive = false
        }
    }

    /// Back to the first column and clear to the end of the line.
    private static let wipe = "\r\u{1B}[K"
}
