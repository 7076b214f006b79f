/// The labels of an array's rows, from an array of their own: read by position, or unpacked as a whole where they are
/// packed (a label takes a few bytes).
final class ArrayLabels: Sendable {
    private let array: ArrayTable.Stored
    /// All of them, unpacked.
    private let unpacked: [UInt8]?

    init(_ array: ArrayTable.Stored) throws {
        self.array = array
        guard array.source.isPacked else {
            unpacked = nil
            return
        }
        let reader = try RecordReader(array, rows: 0..<array.header.rows, chunkSize: 1 << 20)
        var bytes: [UInt8] = []
        while let chunk = try reader.next() { bytes += chunk.bytes }
        unpacked = bytes
    }

    /// Labels of rows `range`. Throws `ParseError` for one that is not finite.
    func values(_ range: Range<Int>) throws -> [Double] {
        let size = array.header.element.size
        var labels = [Double](repeating: 0, count: range.count)
        func convert(_ bytes: UnsafeRawBufferPointer) {
            guard let start = bytes.baseAddress else { return }
            ArrayValues.forEachCase(array.header) { value in
                for index in labels.indices { labels[index] = value(start, index) }
            }
        }
        if let unpacked {
            unpacked[range.lowerBound * size..<range.upperBound * size].withUnsafeBytes(convert)
        } else {
            let reader = try RecordReader(array, rows: range, chunkSize: max(1, range.count * size))
            try reader.next()?.withBytes(convert)
        }
        if let index = labels.firstIndex(where: { !$0.isFinite }) {
            throw ParseError(
                file: array.source.name,
                message:
                    "row \(range.lowerBound + index + 1): the label \(labels[index]) is not a finite number; mend this row"
            )
        }
        return labels
    }
}
