/// LIBSVM text to rows: `label index:value index:value … # comment`, one row a line.
///
/// Indices start at 1 (`ReadOptions.zeroBased`: at 0). Blank lines and comments are skipped, `qid:` fields are passed
/// over and counted, indices out of order are sorted and counted, zeros are not stored. Errors, with file and line:
/// a label or value that is no finite number, a missing label or colon, an index below the first or above 2³¹ − 1, the
/// same index twice.
public struct LIBSVMParser: TextParser {
    private let firstIndex: Int
    private let allowMissingLabels: Bool

    public init(options: ReadOptions = ReadOptions()) {
        firstIndex = options.zeroBased ? 0 : 1
        allowMissingLabels = options.allowMissingLabels
    }

    public func parse(_ chunk: TextChunk) throws -> RowBlock {
        try chunk.withTerminatedBytes { bytes in
            var scan = LIBSVMScan(bytes: bytes, firstIndex: firstIndex, allowMissingLabels: allowMissingLabels)
            do throws(LIBSVMFault) {
                return try scan.run()
            } catch {
                throw ParseError(
                    chunk: chunk, lineInChunk: error.line(in: bytes),
                    message: error.message(in: bytes, firstIndex: firstIndex))
            }
        }
    }
}

/// What is wrong at one place of the chunk.
struct LIBSVMFault: Error {
    enum Kind {
        case label, labelNotFinite, noLabel, colon, index, indexBelowFirst, indexTooLarge, value, valueNotFinite
        case duplicate(Int)
    }
    var kind: Kind
    /// Where the faulty token starts in the chunk.
    var place: Int

    func line(in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        1 + countBytes(0x0A, in: UnsafeBufferPointer(rebasing: bytes[..<place]))
    }

    /// The faulty token up to the next blank, cut to a readable length.
    private func token(in bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var end = place
        while bytes[end] > 0x20 { end += 1 }
        return UnsafeBufferPointer(rebasing: bytes[place..<min(end, place + 60)])
    }

    func message(in bytes: UnsafeBufferPointer<UInt8>, firstIndex: Int) -> String {
        let token = token(in: bytes)
        let text = "'" + String(decoding: token, as: UTF8.self) + "'"
        switch kind {
        case .label:
            return "the label \(text) is not a number; a LIBSVM line is: label index:value index:value …"
        case .labelNotFinite: return "the label \(text) is not a finite number; remove or mend this row"
        case .noLabel: return "the line starts with \(text): the label is missing before the first index:value"
        case .colon: return "\(text) is not index:value (there is no colon)"
        case .index: return "\(text) is not index:value (the index must be a whole number)"
        case .indexBelowFirst where firstIndex == 1 && token.starts(with: [0x30, 0x3A]):
            return "\(text): indices start at 1; for data whose indices start at 0 give `zeroBased`"
        case .indexBelowFirst: return "\(text): an index cannot be below \(firstIndex)"
        case .indexTooLarge: return "\(text): the index is larger than \(Int32.max), the largest supported"
        case .value: return "\(text): the value is not a number"
        case .valueNotFinite: return "\(text): the value is not a finite number; remove or mend this row"
        case .duplicate(let index): return "index \(index) occurs more than once in this row"
        }
    }
}
