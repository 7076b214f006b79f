/// Where a text comes from: a file, a member of a zip archive, or a pipe.
enum TextSource {
    case file(String)
    case member(ArraySource)
    case pipe(PipedInput, any ByteSource)

    var path: String {
        switch self {
        case .file(let path): path
        case .member(let member): member.path
        case .pipe(let input, _): input.path
        }
    }

    /// How messages name it.
    var name: String {
        switch self {
        case .file(let path): path
        case .member(let member): member.name
        case .pipe(let input, _): input.name
        }
    }

    /// Its bytes as UTF-8 text with lines that end with line feeds, whatever it is packed with.
    ///
    /// - Returns: `isSequential`: they are not the bytes of a file, of which every rank could read a part.
    func open() throws -> (bytes: any ByteSource, byteCount: Int, isSequential: Bool) {
        var byteCount = 0
        var isSequential = true
        let raw: PeekedBytes
        switch self {
        case .file(let path):
            let file = try InputFile(path: path)
            byteCount = file.byteCount
            raw = PeekedBytes(FileBytes(file))
            isSequential = false
        case .member(let member):
            byteCount = member.packedCount
            raw = PeekedBytes(try MemberBytes(member))
        case .pipe(_, let bytes): raw = PeekedBytes(bytes)
        }
        let magic = try raw.peek(8)
        var text = raw
        if magic.starts(with: [0x1F, 0x8B]) {
            text = PeekedBytes(try GzipInflater(raw, name: name))
            isSequential = true
        } else if let packing = Packing(magic) {
            text = PeekedBytes(try UnpackedBytes(raw, packing, name: name))
            isSequential = true
        }
        let marked = UTF16Bytes.order(try text.peek(2))
        if let order = try marked ?? UTF16Bytes.unmarkedOrder(text.peek(32)) {
            if marked != nil { _ = try text.bytes(2) }
            text = PeekedBytes(UTF16Bytes(text, order: order, name: name))
            isSequential = true
        }
        if ReturnLines.areIn(try text.peek(TextSource.headSize)) {
            return (ReturnLines(text), byteCount, true)
        }
        return (text, byteCount, isSequential)
    }

    /// Bytes in which line ends are looked for.
    private static let headSize = 1 << 16
}

/// A member of a zip archive.
private final class MemberBytes: ByteSource {
    private let input: ArrayInput

    init(_ member: ArraySource) throws { input = try ArrayInput(member) }

    var position: Int { input.packedTaken }
    var expected: Int { input.expected }
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { try input.read(into: buffer) }
}
