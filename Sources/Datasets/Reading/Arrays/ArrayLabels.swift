/// The labels of an array's rows, from an array of their own: read by position, or unpacked as a whole where they are
/// packed (a label takes a few bytes).
final class ArrayLabels: Sendable {
    private let labels: LabelArray
    /// All of them, unpacked.
    private let unpacked: [UInt8]?

    init(_ labels: LabelArray) throws {
        self.labels = labels
        guard labels.source.isPacked else {
            unpacked = nil
            return
        }
        let reader = try RecordReader(labels.array, rows: 0..<labels.array.header.rows, chunkSize: 1 << 20)
        var bytes: [UInt8] = []
        while let chunk = try reader.next() { bytes += chunk.bytes }
        unpacked = bytes
    }

    /// Gives a block of rows `range` its labels. Throws `ParseError` for one that is not finite or no text.
    func fill(_ block: inout RowBlock, _ range: Range<Int>) throws {
        block.labels = [Double](repeating: 0, count: range.count)
        let header = labels.array.header
        if header.element == .string {
            let reader = try HDF5Reader(labels.source.path, labels.source.member ?? "", asDoubles: false)
            let texts = try reader.strings(range)
            try name(&block, range) { TextElements.trimmed(texts[$0]) }
        } else if header.element.isText {
            try withBytes(range) { bytes in try name(&block, range) { TextElements.text(header, bytes, $0) } }
        } else if let categories = labels.categories {
            try withBytes(range) { try decode($0, categories, &block, range) }
        } else {
            try withBytes(range) { bytes in
                guard let start = bytes.baseAddress else { return }
                ArrayValues.forEachCase(header) { value in
                    for index in block.labels.indices { block.labels[index] = value(start, index) }
                }
            }
            if let index = block.labels.firstIndex(where: { !$0.isFinite }) {
                throw fault(range.lowerBound + index, "the label \(block.labels[index]) is not a finite number")
            }
        }
    }

    private func withBytes(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let size = labels.array.header.elementSize
        if let unpacked {
            try unpacked[range.lowerBound * size..<range.upperBound * size].withUnsafeBytes(body)
        } else {
            let reader = try RecordReader(labels.array, rows: range, chunkSize: max(1, range.count * size))
            try reader.next()?.withBytes(body)
        }
    }

    private func fault(_ row: Int, _ what: String) -> ParseError {
        ParseError(file: labels.source.name, message: "row \(row + 1): \(what); mend this row")
    }

    /// Texts in the order in which they are met; no text is no label.
    private func name(_ block: inout RowBlock, _ range: Range<Int>, _ text: (Int) -> String?) throws {
        var numbers: [String: Int] = [:]
        for index in block.labels.indices {
            guard let text = text(index) else { throw fault(range.lowerBound + index, "the label is not Unicode text") }
            if text.isEmpty {
                block.labels[index] = .nan
                continue
            }
            let number = numbers[text] ?? block.labelNames.count
            if number == block.labelNames.count {
                numbers[text] = number
                block.labelNames.append(text)
            }
            block.labels[index] = Double(number)
        }
    }

    private func decode(
        _ bytes: UnsafeRawBufferPointer, _ categories: LabelArray.Categories, _ block: inout RowBlock,
        _ range: Range<Int>
    ) throws {
        guard let start = bytes.baseAddress else { return }
        let codes = block.labels.indices.map { ArrayValues.integer(labels.array.header, start, $0) }
        if let index = codes.firstIndex(where: { $0 >= categories.count }) {
            throw fault(
                range.lowerBound + index, "the code \(codes[index]) is none of the \(categories.count) categories")
        }
        switch categories {
        case .names(let names): try name(&block, range) { codes[$0] < 0 ? "" : TextElements.trimmed(names[codes[$0]]) }
        case .numbers(let numbers): block.labels = codes.map { $0 < 0 ? .nan : numbers[$0] }
        }
    }
}
