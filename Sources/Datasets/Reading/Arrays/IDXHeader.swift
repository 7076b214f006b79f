/// The head of an IDX array, the format of MNIST and its family: two zero bytes, element type, number of dimensions, then
/// the extents; all numbers are big-endian.
enum IDXHeader {
    private static let elements: [UInt8: ArrayElement] = [
        0x08: .u1, 0x09: .i1, 0x0B: .i2, 0x0C: .i4, 0x0D: .f4, 0x0E: .f8,
    ]

    static func isHead(_ head: some Collection<UInt8>) -> Bool {
        let head = Array(head.prefix(4))
        return head.count == 4 && head[0] == 0 && head[1] == 0 && elements[head[2]] != nil && (1...8).contains(head[3])
    }

    /// - Parameter head: at least 4 bytes that `isHead` knows.
    static func read(_ source: ArraySource, _ head: [UInt8]) throws -> ArrayHeader {
        guard let element = elements[head[2]] else {
            throw ParseError(file: source.name, message: "is not an IDX file")
        }
        let dimensions = Int(head[3])
        let start = 4 + 4 * dimensions
        let bytes = try source.head(start)
        guard bytes.count == start else {
            throw ParseError(file: source.name, message: "the IDX header is cut off; copy the file again")
        }
        let extents = (0..<dimensions).map { dimension in
            (0..<4).reduce(0) { $0 << 8 | Int(bytes[4 + 4 * dimension + $1]) }
        }
        let header = ArrayHeader(
            element: element, isBigEndian: true, isFortran: false, extents: extents, start: start)
        try header.checkLength(source)
        if let count = source.byteCount, count > header.byteCount { throw surplus(source, header) }
        return header
    }

    /// More bytes than the header accounts for: one of the two is wrong.
    static func surplus(_ source: ArraySource, _ header: ArrayHeader) -> ParseError {
        ParseError(
            file: source.name,
            message: "holds more bytes than the \(header.extents.map(String.init).joined(separator: " × ")) values "
                + "that its header announces: the file is damaged; copy it again")
    }
}
