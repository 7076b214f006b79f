/// A list of numbers that is read in sequence.
final class ListReader {
    private let array: StoredArray
    private let input: ArrayInput
    private var bytes: [UInt8] = []
    /// For `next`: numbers that were read, and how many will have been.
    private var pending: ArraySlice<Int> = []
    private var taken = 0

    init(_ array: StoredArray) throws {
        self.array = array
        input = try ArrayInput(array.source)
        var head = [UInt8](repeating: 0, count: array.header.start)
        _ = try head.withUnsafeMutableBytes { try input.read(into: $0) }
    }

    /// The next whole numbers.
    func integers(_ count: Int) throws -> [Int] {
        try fill(count)
        return bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return [] }
            return ArrayValues.forEachInteger(array.header) { number in (0..<count).map { number(start, $0) } }
        }
    }

    /// The next numbers, as many as there is room for.
    func loadValues(_ values: inout [Double]) throws {
        try fill(values.count)
        bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            ArrayValues.forEachCase(array.header) { value in
                for index in values.indices { values[index] = value(start, index) }
            }
        }
    }

    /// The next whole number. Not to be mixed with `integers`.
    ///
    /// - Precondition: there is one.
    func next() throws -> Int {
        if pending.isEmpty {
            pending = try integers(min(1 << 16, array.header.count - taken))[...]
        }
        return pending.removeFirst()
    }

    private func fill(_ count: Int) throws {
        let size = count * array.header.elementSize
        if bytes.count != size { bytes = [UInt8](repeating: 0, count: size) }
        let got = try bytes.withUnsafeMutableBytes { try input.read(into: $0) }
        guard got == size else {
            throw ParseError(
                file: array.source.name,
                message: "is cut off after \(taken + got / array.header.elementSize) of \(array.header.count) numbers; "
                    + "copy it again")
        }
        taken += count
    }
}
