import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What one rank says: lines on standard output, warnings on standard error, and one live line on a terminal that is
/// wiped before anything else is printed and redrawn by its owner.
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
            emit(1, (isLive ? Console.wipe : "") + text + "\n")
            isLive = false
        }
    }

    public func warn(_ text: String) {
        guard speaks else { return }
        live.withLock { isLive in
            if isLive { emit(1, Console.wipe) }
            isLive = false
            emit(2, "crescendo: warning: " + text + "\n")
        }
    }

    /// Replaces the live line. For terminals only.
    func showLive(_ text: String) {
        guard speaks else { return }
        live.withLock { isLive in
            emit(1, Console.wipe + text)
            isLive = true
        }
    }

    /// Wipes the live line.
    func endLive() {
        live.withLock { isLive in
            if isLive { emit(1, Console.wipe) }
            isLive = false
        }
    }

    /// Back to the first column and clear to the end of the line.
    private static let wipe = "\r\u{1B}[K"

    /// A reader that went away does not matter to training: errors are ignored.
    private func emit(_ descriptor: Int32, _ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(written)
        }
    }
}
