import CZlib

/// Inflates a gzip file of one or more members, or a bare deflate stream, one buffer at a time.
final class GzipInflater: ByteSource {
    private let source: any ByteSource
    private let name: String
    private var stream = z_stream()
    private let input: UnsafeMutableRawBufferPointer
    /// Within a member, header to trailer.
    private var insideMember = true
    private var atEnd = false
    private let isRaw: Bool

    /// - Parameter isRaw: a deflate stream as in a zip archive.
    init(_ source: any ByteSource, name: String, isRaw: Bool = false) throws {
        self.source = source
        self.name = name
        self.isRaw = isRaw
        input = .allocate(byteCount: max(min(1 << 18, source.expected), 1), alignment: 16)
        guard (isRaw ? shim_inflate_init_raw(&stream) : shim_inflate_init_gzip(&stream)) == Z_OK else {
            throw ParseError(file: name, message: "zlib does not start: out of memory")
        }
    }

    deinit {
        inflateEnd(&stream)
        input.deallocate()
    }

    private func feed(_ count: Int) {
        stream.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(count)
    }

    private var kind: String { isRaw ? "packed" : "gzip" }

    /// Offset in the compressed file of the next byte zlib will take.
    var position: Int { source.position - Int(stream.avail_in) }

    // A match of 258 bytes takes two bits.
    var expected: Int {
        atEnd ? 0 : source.expected.saturating(plus: Int(stream.avail_in) + 1 << 18).saturating(times: Self.ratio)
    }
    /// Bytes that a packed one stands for at most.
    static let ratio = 1032

    /// Fills `buffer` with decompressed bytes; fewer only at the end of the last member.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        while done < buffer.count, !atEnd {
            if stream.avail_in == 0 {
                feed(try source.read(into: input))
                if stream.avail_in == 0 {
                    guard !insideMember else {
                        throw ParseError(
                            file: name,
                            message:
                                "the \(kind) data ends too early, at byte \(position): the file is cut off; copy it again"
                        )
                    }
                    atEnd = true
                    break
                }
            }
            if !insideMember {
                try startMember()
                continue
            }
            let space = min(buffer.count - done, 1 << 30)
            stream.next_out = (buffer.baseAddress.map { $0 + done })?.assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(space)
            let code = inflate(&stream, Z_NO_FLUSH)
            done += space - Int(stream.avail_out)
            switch code {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END:
                insideMember = false
                atEnd = isRaw
            default:
                let reason = stream.msg.map { String(cString: $0) } ?? "zlib error \(code)"
                throw ParseError(
                    file: name,
                    message: "the \(kind) data is corrupt at byte \(position) (\(reason)); copy it again")
            }
        }
        return done
    }

    /// After a member: another one, or zero padding up to the end of the file; anything else is an error.
    private func startMember() throws {
        while stream.avail_in > 0, stream.next_in.pointee == 0 {
            stream.next_in += 1
            stream.avail_in -= 1
        }
        guard stream.avail_in > 0 else { return }
        guard stream.next_in.pointee == 0x1F else {
            throw ParseError(
                file: name, message: "byte \(position), after the gzip data, is not gzip: the file is corrupt")
        }
        inflateReset(&stream)
        insideMember = true
    }
}
