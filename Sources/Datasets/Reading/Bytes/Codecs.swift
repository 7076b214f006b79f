import CCodecs
import Platform

/// One step of unpacking: what was taken of the input and made of it.
struct CodecStep {
    var taken: Int
    var made: Int
    /// Between two streams: more may follow, and the file may end.
    var isBetweenStreams: Bool
}

/// A library that unpacks a stream. Throws `CodecFault`.
protocol Codec: AnyObject {
    func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CodecFault) -> CodecStep
}

struct CodecFault: Error { var reason: String }

/// How files are packed besides gzip, whose library is always there.
enum Packing: CaseIterable {
    case xz, bzip2, zstd

    /// By the first bytes of a file; nil: none of these.
    init?(_ head: ArraySlice<UInt8>) {
        let found = Packing.allCases.first { head.starts(with: $0.magic) }
        guard let found else { return nil }
        // A text may begin with BZh.
        if found == .bzip2, !head.dropFirst(4).starts(with: [0x31, 0x41, 0x59, 0x26]) { return nil }
        self = found
    }

    private var magic: [UInt8] {
        switch self {
        case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
        case .bzip2: [0x42, 0x5A, 0x68]
        case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
        }
    }

    var library: (name: String, files: [String], package: String) {
        switch self {
        case .xz: ("liblzma", ["liblzma.so.5"], "liblzma5")
        case .bzip2: ("libbz2", ["libbz2.so.1.0", "libbz2.so.1"], "libbz2-1.0")
        case .zstd: ("libzstd", ["libzstd.so.1"], "libzstd1")
        }
    }

    fileprivate func codec(_ library: SharedLibrary) -> (any Codec)? {
        switch self {
        case .xz: LZMACodec(library)
        case .bzip2: BZip2Codec(library)
        case .zstd: ZstdCodec(library)
        }
    }
}

/// Unpacks an xz, bzip2 or zstd file of one or more streams, one buffer at a time.
final class UnpackedBytes: ByteSource {
    private let base: any ByteSource
    private let name: String
    private let packing: Packing
    private let codec: any Codec
    private var input: [UInt8] = []
    private var taken = 0
    private var isLast = false
    private var isBetweenStreams = false
    private static let step = 1 << 18

    init(_ base: any ByteSource, _ packing: Packing, name: String) throws {
        let (library, files, package) = packing.library
        guard let codec = SharedLibrary(files).flatMap(packing.codec) else {
            throw ParseError(
                file: name,
                message: "is \(packing)-compressed, and \(library) is not on this machine: install it "
                    + "(apt install \(package)), or decompress the file or use gzip")
        }
        self.base = base
        self.name = name
        self.packing = packing
        self.codec = codec
    }

    var position: Int { base.position - (input.count - taken) }
    var expected: Int { isLast && taken == input.count && isBetweenStreams ? 0 : .max }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        while done < buffer.count {
            if taken == input.count, !isLast {
                input = try base.bytes(UnpackedBytes.step)
                taken = 0
                isLast = input.count < UnpackedBytes.step
            }
            if isBetweenStreams, taken == input.count { break }
            let step = try unpack(UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            taken += step.taken
            done += step.made
            isBetweenStreams = step.isBetweenStreams
            if step.taken == 0, step.made == 0, !isBetweenStreams {
                throw fault("ends too early, at byte \(position): the file is cut off; copy it again")
            }
        }
        return done
    }

    private func unpack(_ buffer: UnsafeMutableRawBufferPointer) throws -> CodecStep {
        do throws(CodecFault) {
            return try input.withUnsafeBufferPointer { (bytes) throws(CodecFault) in
                try codec.step(
                    UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[taken...])), into: buffer, isLast: isLast
                )
            }
        } catch {
            throw fault("is corrupt at byte \(position) (\(error.reason)); copy it again")
        }
    }

    private func fault(_ message: String) -> ParseError {
        ParseError(file: name, message: "the \(packing) data \(message)")
    }
}

private final class LZMACodec: Codec {
    private typealias Start = @convention(c) (UnsafeMutableRawPointer, UInt64, UInt32) -> Int32
    private typealias Code = @convention(c) (UnsafeMutableRawPointer, Int32) -> Int32
    private typealias End = @convention(c) (UnsafeMutableRawPointer) -> Void

    private let stream = UnsafeMutablePointer<shim_lzma_stream>.allocate(capacity: 1)
    private let code: Code
    private let end: End

    /// `xz -9` needs 65 MB; a header may ask for 4 GB.
    private static let mostMemory: UInt64 = 1 << 30

    init?(_ library: SharedLibrary) {
        // One stream after the other is read as one.
        let concatenated: UInt32 = 0x08
        guard let start = library.function("lzma_stream_decoder", as: Start.self),
            let code = library.function("lzma_code", as: Code.self),
            let end = library.function("lzma_end", as: End.self)
        else { return nil }
        (self.code, self.end) = (code, end)
        stream.initialize(to: shim_lzma_stream())
        guard start(stream, LZMACodec.mostMemory, concatenated) == 0 else { return nil }
    }

    deinit {
        end(stream)
        stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CodecFault) -> CodecStep {
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = input.count
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = output.count
        let result = code(stream, isLast ? 3 : 0)
        // 0: going on, 1: the end, 10: neither input nor room.
        guard [0, 1, 10].contains(result) else {
            throw CodecFault(reason: result == 6 ? "it wants more than 1 GB of memory" : "liblzma error \(result)")
        }
        return CodecStep(
            taken: input.count - stream.pointee.avail_in, made: output.count - stream.pointee.avail_out,
            isBetweenStreams: result == 1)
    }
}

private final class BZip2Codec: Codec {
    private typealias Start = @convention(c) (UnsafeMutableRawPointer, Int32, Int32) -> Int32
    private typealias Code = @convention(c) (UnsafeMutableRawPointer) -> Int32

    private let stream = UnsafeMutablePointer<shim_bz_stream>.allocate(capacity: 1)
    private let start: Start
    private let code: Code
    private let end: Code
    private var isBetweenStreams = false

    init?(_ library: SharedLibrary) {
        guard let start = library.function("BZ2_bzDecompressInit", as: Start.self),
            let code = library.function("BZ2_bzDecompress", as: Code.self),
            let end = library.function("BZ2_bzDecompressEnd", as: Code.self)
        else { return nil }
        (self.start, self.code, self.end) = (start, code, end)
        stream.initialize(to: shim_bz_stream())
        guard start(stream, 0, 0) == 0 else { return nil }
    }

    deinit {
        _ = end(stream)
        stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CodecFault) -> CodecStep {
        if isBetweenStreams, !input.isEmpty {
            _ = end(stream)
            stream.pointee = shim_bz_stream()
            guard start(stream, 0, 0) == 0 else { throw CodecFault(reason: "libbz2 does not start") }
            isBetweenStreams = false
        }
        let room = min(output.count, 1 << 30)
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: CChar.self))
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: CChar.self)
        stream.pointee.avail_out = UInt32(room)
        let result = code(stream)
        // 0: going on, 4: the end of a stream.
        guard result == 0 || result == 4 else { throw CodecFault(reason: "libbz2 error \(result)") }
        isBetweenStreams = result == 4
        return CodecStep(
            taken: input.count - Int(stream.pointee.avail_in), made: room - Int(stream.pointee.avail_out),
            isBetweenStreams: isBetweenStreams)
    }
}

private final class ZstdCodec: Codec {
    private typealias Create = @convention(c) () -> OpaquePointer?
    private typealias Free = @convention(c) (OpaquePointer) -> Int
    private typealias Decompress =
        @convention(c) (OpaquePointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int
    private typealias IsError = @convention(c) (Int) -> UInt32
    private typealias ErrorName = @convention(c) (Int) -> UnsafePointer<CChar>

    private let context: OpaquePointer
    private let free: Free
    private let decompress: Decompress
    private let isError: IsError
    private let errorName: ErrorName

    init?(_ library: SharedLibrary) {
        guard let create = library.function("ZSTD_createDStream", as: Create.self),
            let free = library.function("ZSTD_freeDStream", as: Free.self),
            let decompress = library.function("ZSTD_decompressStream", as: Decompress.self),
            let isError = library.function("ZSTD_isError", as: IsError.self),
            let errorName = library.function("ZSTD_getErrorName", as: ErrorName.self), let context = create()
        else { return nil }
        (self.free, self.decompress, self.isError, self.errorName) = (free, decompress, isError, errorName)
        self.context = context
    }

    deinit { _ = free(context) }

    func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CodecFault) -> CodecStep {
        var from = shim_zstd_input(source: input.baseAddress, size: input.count, position: 0)
        var to = shim_zstd_output(target: output.baseAddress, size: output.count, position: 0)
        let result = decompress(context, &to, &from)
        guard isError(result) == 0 else { throw CodecFault(reason: String(cString: errorName(result))) }
        return CodecStep(taken: from.position, made: to.position, isBetweenStreams: result == 0)
    }
}
