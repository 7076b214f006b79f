/// What is wrong at one byte of a chunk.
struct CSVFault: Error {
    var message: String
    var place: Int
}

/// One field of a line, as a range of the chunk: without its quotes, without blanks around it.
struct CSVField {
    var start: Int
    var end: Int
    /// Holds doubled quotes, each of which stands for one.
    var isEscaped = false
    /// NaN: it is none, or was not looked at as one.
    var number = Double.nan
}

/// Room for the fields of one line, what there is of each side by side.
final class FieldStorage {
    private(set) var capacity = 64
    private(set) var starts = UnsafeMutablePointer<UInt32>.allocate(capacity: 64)
    /// The top bit says that the field is escaped.
    private(set) var ends = UnsafeMutablePointer<UInt32>.allocate(capacity: 64)
    private(set) var numbers = UnsafeMutablePointer<Double>.allocate(capacity: 64)

    func grow() {
        starts = FieldStorage.doubled(starts, capacity)
        ends = FieldStorage.doubled(ends, capacity)
        numbers = FieldStorage.doubled(numbers, capacity)
        capacity *= 2
    }

    private static func doubled<T>(_ old: UnsafeMutablePointer<T>, _ count: Int) -> UnsafeMutablePointer<T> {
        let larger = UnsafeMutablePointer<T>.allocate(capacity: 2 * count)
        larger.update(from: old, count: count)
        old.deallocate()
        return larger
    }

    @inline(__always)
    subscript(index: Int) -> CSVField {
        get {
            let end = ends[index]
            return CSVField(
                start: Int(starts[index]), end: Int(end & 0x7FFF_FFFF), isEscaped: end >> 31 == 1,
                number: numbers[index])
        }
        set {
            starts[index] = UInt32(truncatingIfNeeded: newValue.start)
            ends[index] = UInt32(truncatingIfNeeded: newValue.end) | (newValue.isEscaped ? 1 << 31 : 0)
            numbers[index] = newValue.number
        }
    }

    /// Line ends before a place, as far as they were counted: every column of a wide table may ask.
    private var counted = (place: 0, lines: 0)

    func lines(before place: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        if place < counted.place { counted = (0, 0) }
        counted.lines += countBytes(0x0A, in: UnsafeBufferPointer(rebasing: bytes[counted.place..<place]))
        counted.place = place
        return counted.lines
    }

    deinit {
        starts.deallocate()
        ends.deallocate()
        numbers.deallocate()
    }
}
