/// What is wrong with the bytes of a FlatBuffer or of a record batch; the reader of the file says which file.
struct ArrowFault: Error {
    var message: String

    init(_ message: String) { self.message = message }

    static let damaged = ArrowFault("its metadata is damaged; write or copy the file again")
}

/// The bytes of a FlatBuffer. No offset in it is trusted: every read is checked.
struct FlatBuffer {
    let bytes: [UInt8]

    func load<T: FixedWidthInteger>(_ place: Int, as type: T.Type = T.self) throws(ArrowFault) -> T {
        guard place >= 0, place <= bytes.count - MemoryLayout<T>.size else { throw .damaged }
        return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: T.self)) }
    }

    /// Where the offset at `place` points to.
    fileprivate func follow(_ place: Int) throws(ArrowFault) -> Int {
        place + Int(try load(place, as: UInt32.self))
    }

    var root: FlatTable { get throws(ArrowFault) { try FlatTable(self, at: follow(0)) } }
}

/// A table of a FlatBuffer: fields by their number, which may be absent.
struct FlatTable {
    let buffer: FlatBuffer
    private let start: Int
    private let fields: Int
    private let fieldCount: Int

    init(_ buffer: FlatBuffer, at start: Int) throws(ArrowFault) {
        self.buffer = buffer
        self.start = start
        fields = start - Int(try buffer.load(start, as: Int32.self))
        let size = Int(try buffer.load(fields, as: UInt16.self))
        guard size >= 4 else { throw .damaged }
        fieldCount = (size - 4) / 2
    }

    private func place(_ field: Int) throws(ArrowFault) -> Int? {
        guard field < fieldCount else { return nil }
        let offset = Int(try buffer.load(fields + 4 + 2 * field, as: UInt16.self))
        return offset == 0 ? nil : start + offset
    }

    func number<T: FixedWidthInteger>(_ field: Int, default value: T) throws(ArrowFault) -> T {
        guard let place = try place(field) else { return value }
        return try buffer.load(place)
    }

    func table(_ field: Int) throws(ArrowFault) -> FlatTable? {
        guard let place = try place(field) else { return nil }
        return try FlatTable(buffer, at: buffer.follow(place))
    }

    func string(_ field: Int) throws(ArrowFault) -> String? {
        guard let vector = try vector(field, size: 1) else { return nil }
        return String(decoding: buffer.bytes[vector.start..<vector.start + vector.count], as: UTF8.self)
    }

    /// Where the elements of a vector lie: all of them within the bytes.
    func vector(_ field: Int, size: Int) throws(ArrowFault) -> (start: Int, count: Int)? {
        guard let place = try place(field) else { return nil }
        let start = try buffer.follow(place)
        let count = Int(try buffer.load(start, as: UInt32.self))
        guard count <= (buffer.bytes.count - start - 4) / size else { throw .damaged }
        return (start + 4, count)
    }

    /// The tables that a vector holds, one after the other.
    func tables(_ field: Int, _ body: (FlatTable) throws(ArrowFault) -> Void) throws(ArrowFault) {
        guard let vector = try vector(field, size: 4) else { return }
        for index in 0..<vector.count {
            try body(FlatTable(buffer, at: buffer.follow(vector.start + 4 * index)))
        }
    }
}
