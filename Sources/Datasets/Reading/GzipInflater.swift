import CZlib

/// Inflates a gzip file of one or more members, or a bare deflate stream, one buffer at a time.
final class GzipInflater {
    private let file: InputFile
    private var stream = z_stream()
    private let input: UnsafeMutableRawBufferPointer
    /// Compressed bytes taken from the file so far.
    private var consumed = 0
    /// Within a member, header to trailer.
    private var insideMember = true
    private var atEnd = false
    private let isRaw: Bool

    /// - Parameters:
    ///   - head: bytes of the file that were already read.
    ///   - isRaw: a deflate stream as in a zip archive; it starts where the file is to be read next.
    init(file: InputFile, head: [UInt8], isRaw: Bool = false) throws {
        self.file = file
        self.isRaw = isRaw
        input = .allocate(byteCount: max(min(1 << 18, file.mostBytes), head.count, 1), alignment: 16)
        guard (isRaw ? shim_inflate_init_raw(&stream) : shim_inflate_init_gzip(&stream)) == Z_OK else {
            throw ParseError(file: file.name, message: "zlib does not start: out of memory")
        }
        input.copyBytes(from: head)
        feed(head.count)
    }

    deinit {
        inflateEnd(&stream)
        input.deallocate()
    }

    private func feed(_ count: Int) {
        stream.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(count)
        consumed += count
    }

    private var kind: String { isRaw ? "packed" : "gzip" }

    /// Offset in the compressed file of the next byte zlib will take.
    var position: Int { consumed - Int(stream.avail_in) }

    /// Fills `buffer` with decompressed bytes; fewer only at the end of the last member.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        while done < buffer.count, !atEnd {
            if stream.avail_in == 0 {
                feed(try file.readNext(into: input))
                if stream.avail_in == 0 {
                    guard !insideMember else {
                        throw ParseError(
                            file: file.name,
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
                    file: file.name,
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
                file: file.name, message: "byte \(position), after the gzip data, is not gzip: the file is corrupt")
        }
        inflateReset(&stream)
        insideMember = true
    }
}
