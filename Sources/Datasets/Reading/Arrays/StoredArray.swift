/// An array and where it is.
struct StoredArray: Codable, Sendable, Equatable {
    var source: ArraySource
    var header: ArrayHeader

    /// An NPY or IDX array, whose head says what it is.
    init(_ source: ArraySource) throws {
        self.source = source
        header = try ArrayHeader(source)
    }

    init(source: ArraySource, header: ArrayHeader) {
        self.source = source
        self.header = header
    }

    /// The whole of a small array of whole numbers. Throws `ParseError` where it is not one.
    func integers(atMost limit: Int) throws -> [Int] {
        guard header.element.isInteger, header.count <= limit else {
            throw ParseError(
                file: source.name,
                message:
                    "is not a list of at most \(limit) whole numbers: the file is damaged, or was not written by SciPy"
            )
        }
        let bytes = try self.bytes()
        return bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return [] }
            return (0..<header.count).map { ArrayValues.integer(header, start, $0) }
        }
    }

    /// The bytes of all elements: for arrays that are known to be small.
    func bytes() throws -> [UInt8] {
        let input = try ArrayInput(source)
        var bytes = [UInt8](repeating: 0, count: header.start + header.count * header.elementSize)
        let got = try bytes.withUnsafeMutableBytes { try input.read(into: $0) }
        guard got == bytes.count else { throw ParseError(file: source.name, message: "is cut off; copy it again") }
        return Array(bytes[header.start...])
    }
}
