import Platform
import Synchronization

/// How the reading of data goes, where it takes long: a live line on a terminal, a line every half minute in a log file.
public final class ReadingLine: Sendable {
    private struct State {
        var start: Double?
        var shownAt = -Double.infinity
    }

    /// Nothing is shown before: most data is read by then.
    private static let patience = 2.0
    private let console: Console
    private let measure: @Sendable () -> (bytes: Int, share: Double)?
    private let state = Mutex(State())
    private let ticker = Mutex<Ticker?>(nil)

    /// Starts to look at `measure` (bytes of all data, and which part of them has been read) from a thread of its own.
    public init(console: Console, measure: @escaping @Sendable () -> (bytes: Int, share: Double)?) {
        self.console = console
        self.measure = measure
    }

    public func start() {
        ticker.withLock { $0 = Ticker(seconds: 0.2) { [self] in tick(now: monotonicSeconds()) } }
    }

    /// Prints a line when one is due. `now` is any clock in seconds that only moves forward.
    package func tick(now: Double) {
        let elapsed = state.withLock { state -> Double? in
            guard let start = state.start else {
                state.start = now
                return nil
            }
            let interval = console.screen.isTerminal ? 0.2 : 30
            guard now - start >= Self.patience, now - state.shownAt >= interval * 0.99 else { return nil }
            state.shownAt = now
            return now - start
        }
        guard let elapsed, let (bytes, share) = measure() else { return }
        let text = ReadingLine.text(bytes: bytes, share: share, seconds: elapsed)
        if let columns = console.screen.columns {
            console.showLive(String(text.prefix(max(0, columns - 1))))
        } else {
            console.print(text)
        }
    }

    /// Wipes the live line. Call once; nothing is printed afterwards.
    public func finish() {
        ticker.withLock { ticker in
            ticker?.stop()
            ticker = nil
        }
        console.endLive()
    }

    package static func text(bytes: Int, share: Double, seconds: Double) -> String {
        let read = share * Double(bytes)
        var fields = [
            "reading \(NumberFormat.percent(share)) of \(NumberFormat.bytes(bytes))",
            "\(NumberFormat.bytes(Int(read / max(seconds, 1e-9))))/s",
        ]
        if share > 0, share < 1 { fields.append("\(NumberFormat.duration(seconds * (1 - share) / share)) left") }
        return fields.joined(separator: "  ")
    }
}
