#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The two streams of a program, written without a buffer in between.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Why the last write of this thread failed.
    public static var lastError: String { String(cString: strerror(errno)) }
    /// Whether it failed because the reader went away.
    public static var readerIsGone: Bool { errno == EPIPE }

    /// Writes the whole text; false when the stream takes no more (a reader that went away, a full disk).
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
                return false
            }
            done += written
        }
        return true
    }
}

/// `write` of the system, under a name that methods called `write` do not hide.
func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
