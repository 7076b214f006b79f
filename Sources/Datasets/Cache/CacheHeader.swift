#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The front of a cache file: 64 bytes of head, the description as JSON, numbers, the pieces' checksums; then, from the
/// next page on, the rows. All integers and floats are little-endian.
///
/// Head: magic (8 bytes), version and byte-order mark (4 each), then 8 bytes each: length of the JSON, count of numbers,
/// count of pieces, start of the rows, checksum of everything from byte 64 to there, checksum of the head before it.
struct CacheHeader {
    static let magic: UInt64 = 0x6863_6163_6465_7263
    /// Goes up whenever files of before could be read wrongly, or readers have learned to read sources differently.
    static let version: UInt32 = 4
    private static let byteOrder: UInt32 = 0x0A0B_0C0D
    private static let headSize = 64

    let description: CacheDescription
    /// Doubles that are kept bit by bit: of the label summary, means, scales.
    let numbers: [Double]
    /// Of every piece of the rows.
    let checksums: [UInt64]
    /// Where the rows start.
    let start: Int
    /// Of all of the above: two files with one sum are the same.
    let sum: UInt64

    /// Where the rows start in a file with this front.
    private static func start(json: Int, numbers: Int, pieces: Int) -> Int {
        (headSize + (json + 7) / 8 * 8 + 8 * (numbers + pieces) + CacheLayout.page - 1) / CacheLayout.page
            * CacheLayout.page
    }

    /// The encoded description, padded with blanks to full words.
    static func json(_ description: CacheDescription) throws -> [UInt8] {
        let bytes = Array(try JSONEncoder().encode(description))
        return bytes + [UInt8](repeating: 0x20, count: (8 - bytes.count % 8) % 8)
    }

    static func start(json: [UInt8], numbers: [Double], pieces: Int) -> Int {
        start(json: json.count, numbers: numbers.count, pieces: pieces)
    }

    /// The front as bytes, up to where the rows start.
    static func bytes(json: [UInt8], numbers: [Double], checksums: [UInt64]) -> [UInt8] {
        let start = start(json: json, numbers: numbers, pieces: checksums.count)
        var body = json
        for number in numbers { append(number.bitPattern, to: &body) }
        for checksum in checksums { append(checksum, to: &body) }
        body += [UInt8](repeating: 0, count: start - headSize - body.count)
        var head: [UInt8] = []
        append(magic, to: &head)
        append(version, to: &head)
        append(byteOrder, to: &head)
        for field in [json.count, numbers.count, checksums.count, start] { append(UInt64(field), to: &head) }
        append(body.withUnsafeBytes { Checksum.of($0) }, to: &head)
        append(head.withUnsafeBytes { Checksum.of($0) }, to: &head)
        return head + body
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// What keeps a file from being read as a cache.
    enum Fault: Error {
        /// Not made by this version: nothing to worry about.
        case otherVersion
        case damaged(String)
    }

    init(_ file: UnsafeRawBufferPointer) throws(Fault) {
        guard file.count >= Self.headSize else { throw .damaged("it is cut off") }
        let fields = (0..<8).map { file.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
        guard fields[0] == Self.magic else { throw .damaged("it does not start like a cache") }
        let mark = UInt64(Self.byteOrder) << 32 | UInt64(Self.version)
        guard fields[1] == mark else { throw .otherVersion }
        guard Checksum.of(UnsafeRawBufferPointer(rebasing: file[..<56])) == fields[7] else {
            throw .damaged("its head has changed")
        }
        let counts = fields[2..<6].map { Int(clamping: $0) }
        start = counts[3]
        guard file.count >= start else { throw .damaged("it is cut off") }
        guard start % CacheLayout.page == 0, counts[0] % 8 == 0, let words = CheckedCount.sum([counts[1], counts[2]]),
            let bytes = CheckedCount.product([8, words]),
            let front = CheckedCount.sum([Self.headSize, counts[0], bytes]), front <= start
        else { throw .damaged("the lengths in its head do not fit together") }
        guard Checksum.of(UnsafeRawBufferPointer(rebasing: file[Self.headSize..<start])) == fields[6] else {
            throw .damaged("its description has changed")
        }
        sum = fields[6]
        let json = Data(file[Self.headSize..<Self.headSize + counts[0]])
        guard let decoded = try? JSONDecoder().decode(CacheDescription.self, from: json) else { throw .otherVersion }
        description = decoded
        let all = (0..<words).map {
            file.loadUnaligned(fromByteOffset: Self.headSize + counts[0] + 8 * $0, as: UInt64.self)
        }
        numbers = all[..<counts[1]].map { Double(bitPattern: $0) }
        checksums = Array(all[counts[1]...])
        if let fault = decoded.fault(numbers: numbers, pieces: checksums.count, rowBytes: file.count - start) {
            throw .damaged(fault)
        }
    }
}
