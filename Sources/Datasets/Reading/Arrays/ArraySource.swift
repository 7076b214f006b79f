import CZlib

/// Where the bytes of an array lie: a plain file, a gzip file, a member of a zip archive, or a dataset of HDF5.
struct ArraySource: Codable, Sendable, Equatable {
    /// `hdf5`: read through its library, which finds and unpacks the elements; `hdf5Doubles`: and converts them.
    enum Packing: String, Codable, Sendable { case none, gzip, deflate, hdf5, hdf5Doubles }

    var path: String
    /// In a zip archive or HDF5 file: the name of the array.
    var member: String?
    var packing: Packing
    /// Of the first (packed) byte in the file.
    var offset = 0
    /// Bytes in the file.
    var packedCount: Int
    /// Bytes once unpacked; nil: that is seen in reading only.
    var byteCount: Int?
    /// CRC-32 of the unpacked bytes, where the archive has one.
    var checksum: UInt32?
    /// Bytes to read at a time, at least, where fewer take as long.
    var piece: Int?

    /// How messages name it.
    var name: String { member.map { "\(path) (\($0))" } ?? path }
    /// Readable only in sequence.
    var isPacked: Bool { packing == .gzip || packing == .deflate }
    /// Whether HDF5 reads it.
    var isHDF5: Bool { packing == .hdf5 || packing == .hdf5Doubles }
    /// Unpacked bytes that there can be.
    var mostBytes: Int {
        guard isPacked else { return byteCount ?? packedCount }
        return min(byteCount ?? .max, packedCount.saturating(times: GzipInflater.ratio))
    }

    /// A plain or gzip file.
    init(file path: String) throws {
        let file = try InputFile(path: path)
        var magic: [UInt8] = [0, 0]
        let got = try magic.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        guard got > 0 else { throw ParseError(file: path, message: "is empty: there are no rows to read") }
        self.path = path
        packing = got == 2 && magic == [0x1F, 0x8B] ? .gzip : .none
        packedCount = file.byteCount
        byteCount = packing == .none ? file.byteCount : nil
    }

    init(
        path: String, member: String, packing: Packing, offset: Int, packedCount: Int, byteCount: Int,
        checksum: UInt32? = nil, piece: Int? = nil
    ) {
        self.path = path
        self.member = member
        self.packing = packing
        self.offset = offset
        self.packedCount = packedCount
        self.byteCount = byteCount
        self.checksum = checksum
        self.piece = piece
    }

    /// The first `count` unpacked bytes, or all there are.
    func head(_ count: Int) throws -> [UInt8] {
        let input = try ArrayInput(self)
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBytes { try input.read(into: $0) }
        bytes.removeLast(count - got)
        return bytes
    }
}

/// An open array or member of a zip archive, read in sequence or, where it is not packed, by position.
final class ArrayInput {
    private let source: ArraySource
    private let file: InputFile
    private let inflater: GzipInflater?
    private let dataset: HDF5Reader?
    private var position = 0
    private var sum: UInt32 = 0

    init(_ source: ArraySource) throws {
        self.source = source
        file = try InputFile(path: source.path)
        dataset =
            source.isHDF5
            ? try HDF5Reader(source.path, source.member ?? "", asDoubles: source.packing == .hdf5Doubles) : nil
        inflater =
            source.isPacked
            ? try GzipInflater(
                FileBytes(file, from: source.offset), name: file.name, isRaw: source.packing == .deflate) : nil
    }

    /// Unpacked bytes that may still come.
    var expected: Int { max(0, source.mostBytes - position) }

    /// Bytes of the file behind what was read.
    var packedTaken: Int { inflater?.position ?? position }

    /// The next unpacked bytes; fewer than asked for only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let inflater else {
            let got = try read(into: buffer, at: position)
            position += got
            return got
        }
        let got = try inflater.read(into: buffer)
        guard let checksum = source.checksum, let byteCount = source.byteCount else { return got }
        sum = UInt32(
            truncatingIfNeeded: crc32_z(UInt(sum), buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), got))
        position += got
        guard position < byteCount || sum == checksum else {
            throw ParseError(file: source.name, message: "its checksum is wrong: the archive is damaged; copy it again")
        }
        return got
    }

    /// Bytes from `offset` on of an array that is not packed.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        if let dataset { return try dataset.read(into: buffer, at: offset) }
        let count = min(buffer.count, max(0, source.packedCount - offset))
        return try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: source.offset + offset)
    }
}
