/// This machine's name; "localhost" where it has none.
public func hostName() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        buffer.initialize(repeating: 0)
        guard let start = buffer.baseAddress, gethostname(start, buffer.count - 1) == 0, start[0] != 0 else {
            return "localhost"
        }
        return String(decoding: buffer.prefix { $0 != 0 }.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
