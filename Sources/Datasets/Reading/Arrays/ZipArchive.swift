/// The table of contents of a zip archive (a NumPy .npz file is one), with 64-bit sizes where it has them.
struct ZipArchive {
    static let magic: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

    let members: [ArraySource]
    private let file: InputFile

    /// Throws `ParseError`: not a zip archive, cut off, damaged, encrypted, packed in another way than deflate.
    init(path: String) throws {
        file = try InputFile(path: path)
        // The end record is the last thing in the file, but for a comment.
        let tailStart = max(0, file.byteCount - 22 - 0xFFFF)
        let tail = try ZipArchive.bytes(file, at: tailStart, file.byteCount - tailStart)
        guard
            let end = stride(from: tail.count - 22, through: 0, by: -1).first(where: {
                tail.number(at: $0, 4) == 0x0605_4B50
            })
        else { throw ParseError(file: path, message: "the zip archive has no end: it is cut off; copy it again") }
        var (count, size, start) = (
            tail.number(at: end + 10, 2), tail.number(at: end + 12, 4), tail.number(at: end + 16, 4)
        )
        if end >= 20, tail.number(at: end - 20, 4) == 0x0706_4B50 {
            let place = tail.number(at: end - 12, 8)
            let record = try ZipArchive.bytes(file, at: place, 56)
            guard record.number(at: 0, 4) == 0x0606_4B50 else { throw ZipArchive.damaged(path) }
            (count, size, start) = (record.number(at: 32, 8), record.number(at: 40, 8), record.number(at: 48, 8))
        }
        let directory = try ZipArchive.bytes(file, at: start, size)
        guard count >= 0, count <= directory.count / 46 else { throw ZipArchive.damaged(path) }
        var members: [ArraySource] = []
        var place = 0
        for _ in 0..<count {
            guard place + 46 <= directory.count, directory.number(at: place, 4) == 0x0201_4B50 else {
                throw ZipArchive.damaged(path)
            }
            let lengths = [28, 30, 32].map { directory.number(at: place + $0, 2) }
            let next = place + 46 + lengths.reduce(0, +)
            guard next <= directory.count else { throw ZipArchive.damaged(path) }
            members.append(
                try ZipArchive.member(directory[place..<next], nameLength: lengths[0], extra: lengths[1], file))
            place = next
        }
        self.members = members
    }

    private static func member(
        _ slice: ArraySlice<UInt8>, nameLength: Int, extra: Int, _ file: InputFile
    ) throws -> ArraySource {
        let entry = Array(slice)
        let name = String(decoding: entry[46..<46 + nameLength], as: UTF8.self)
        // Sizes and offset, in the order in which the extra field has those that do not fit into 32 bits.
        var fields = [entry.number(at: 24, 4), entry.number(at: 20, 4), entry.number(at: 42, 4)]
        var place = 46 + nameLength
        while place + 4 <= 46 + nameLength + extra {
            let (kind, length) = (entry.number(at: place, 2), entry.number(at: place + 2, 2))
            var value = place + 4
            place = value + length
            guard kind == 1, place <= entry.count else { continue }
            for index in fields.indices where fields[index] == 0xFFFF_FFFF && value + 8 <= place {
                fields[index] = entry.number(at: value, 8)
                value += 8
            }
        }
        guard entry.number(at: 8, 2) & 1 == 0 else {
            throw ParseError(file: file.name, message: "\(name) is encrypted; unpack the archive")
        }
        let packing: ArraySource.Packing
        switch entry.number(at: 10, 2) {
        case 0: packing = .none
        case 8: packing = .deflate
        case let method:
            throw ParseError(
                file: file.name, message: "\(name) is packed by method \(method); save it with numpy.savez")
        }
        let local = try bytes(file, at: fields[2], 30)
        guard local.starts(with: magic) else { throw damaged(file.name) }
        let offset = fields[2] + 30 + local.number(at: 26, 2) + local.number(at: 28, 2)
        guard fields[1] >= 0, fields[0] >= 0, fields[1] <= file.byteCount - offset else {
            throw ParseError(file: file.name, message: "\(name) is cut off; copy the file again")
        }
        guard packing != .none || fields[0] == fields[1] else { throw damaged(file.name) }
        return ArraySource(
            path: file.name, member: name, packing: packing, offset: offset, packedCount: fields[1],
            byteCount: fields[0], checksum: packing == .none ? nil : UInt32(entry.number(at: 16, 4)))
    }

    private static func bytes(_ file: InputFile, at start: Int, _ count: Int) throws -> [UInt8] {
        guard start >= 0, count >= 0, start <= file.byteCount, count <= file.byteCount - start else {
            throw damaged(file.name)
        }
        var bytes = [UInt8](repeating: 0, count: count)
        guard try bytes.withUnsafeMutableBytes({ try file.read(into: $0, at: start) }) == count else {
            throw damaged(file.name)
        }
        return bytes
    }

    private static func damaged(_ path: String) -> ParseError {
        ParseError(file: path, message: "the zip archive's directory is damaged; copy the file again")
    }
}

extension [UInt8] {
    /// A little-endian number of up to 8 bytes; negative where it is too large for an Int.
    fileprivate func number(at place: Int, _ size: Int) -> Int {
        (0..<size).reduce(0) { $0 | Int(truncatingIfNeeded: UInt64(self[place + $1]) << (8 * UInt64($1))) }
    }
}
