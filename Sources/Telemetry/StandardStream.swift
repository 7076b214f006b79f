import Platform
import Synchronization

/// The two streams of a program, written without a buffer in between.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// What kept standard output from taking something that was written to it.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// The reader of a pipe went away: it wanted no more.
        case readerIsGone
        case system(Int32)

        public var description: String {
            switch self {
            case .readerIsGone: "the reader of standard output is gone"
            case .system(let code): "cannot write standard output: \(String(cString: strerror(code)))"
            }
        }
    }

    /// The first failure of standard output; nil: all that was written has arrived. A program that ends looks here, since a
    /// line that is lost ends no run.
    public static var outputFailure: Failure? {
        switch firstError.load(ordering: .relaxed) {
        case 0: nil
        case EPIPE: .readerIsGone
        case let code: .system(code)
        }
    }

    private static let firstError = Atomic<Int32>(0)

    /// Writes text for people: names in it cannot steer a terminal.
    /// - Returns: false when the stream takes no more (a reader that went away, a full disk).
    @discardableResult
    public func say(_ text: some StringProtocol) -> Bool { write(text.printable(keepingLines: true)) }

    /// Writes the whole text, byte for byte; false when the stream takes no more.
    @discardableResult
    public func write(_ text: some StringProtocol) -> Bool { write(bytes: Array(text.utf8)) }

    @discardableResult
    public func write(bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes {
                systemWrite(rawValue, $0.baseAddress.map { $0 + done }, $0.count - done)
            }
            if written < 0 {
                if errno == EINTR { continue }
                if self == .output {
                    _ = Self.firstError.compareExchange(expected: 0, desired: errno, ordering: .relaxed)
                }
                return false
            }
            done += written
        }
        return true
    }
}
