import CZlib

/// Changes of gzip files: what they hold, packed again; or their members, heads and ends.
enum GzipChange {
    static func apply(_ bytes: [UInt8], limit: Int, _ random: inout MutationRandom) -> [UInt8] {
        guard let plain = Deflate.unpack(bytes, isRaw: false) else {
            return ByteChange.apply(bytes, limit: limit, &random)
        }
        switch random.next(8) {
        case 0: return bytes + bytes
        case 1: return bytes + [UInt8](repeating: 0, count: random.next(600))
        case 2: return ByteChange.settingNumber(bytes, in: 0..<12, &random)
        case 3: return ByteChange.settingNumber(bytes, in: max(0, bytes.count - 8)..<bytes.count, &random)
        case 4: return Array(bytes.prefix(random.next(bytes.count + 1)))
        case 5:
            // A line, or a row, that goes on and on.
            let byte = random.pick(Array("0 \n,".utf8))
            let count = random.next(1 << (random.next(50) == 0 ? 18 : 10))
            return Deflate.pack(plain + [UInt8](repeating: byte, count: count), isRaw: false)
        default:
            let isArray = plain.first == 0x93 || plain.first == 0
            let changed =
                !isArray
                ? TextChange.apply(plain, limit: 1 << 16, &random)
                : plain.first == 0 ? ArrayChange.idx(plain, &random) : ArrayChange.npy(plain, &random)
            return Deflate.pack(changed, isRaw: false)
        }
    }
}

/// zlib on whole arrays.
enum Deflate {
    static func pack(_ bytes: [UInt8], isRaw: Bool) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(
            &stream, 6, Z_DEFLATED, isRaw ? -15 : 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 100 + 64)
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                deflate(&stream, Z_FINISH)
                return output.count - Int(stream.avail_out)
            }
        }
        return Array(output.prefix(count))
    }

    /// nil: not packed so, or to more than a mebibyte.
    static func unpack(_ bytes: [UInt8], isRaw: Bool) -> [UInt8]? {
        var stream = z_stream()
        guard !bytes.isEmpty, (isRaw ? shim_inflate_init_raw(&stream) : shim_inflate_init_gzip(&stream)) == Z_OK else {
            return nil
        }
        defer { inflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: 1 << 20)
        let count: Int? = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return inflate(&stream, Z_FINISH) == Z_STREAM_END ? output.count - Int(stream.avail_out) : nil
            }
        }
        return count.map { Array(output.prefix($0)) }
    }
}
