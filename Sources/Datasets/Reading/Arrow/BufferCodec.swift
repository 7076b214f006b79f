import Platform

/// Unpacks the buffers of record batches, by the system's libraries, which are loaded when a file needs them.
enum BufferCodec {
    /// As the format numbers them.
    enum Kind: UInt8, Sendable { case lz4, zstd }

    /// Fills `target` with what `packed` stands for, which has to be as many bytes.
    static func unpack(
        _ packed: UnsafeRawBufferPointer, _ kind: Kind, into target: UnsafeMutableRawBufferPointer
    ) throws(ArrowFault) {
        guard !target.isEmpty else { return }
        switch kind {
        case .lz4:
            guard let library = LZ4.shared else { throw missing("LZ4", "liblz4-1") }
            try library.unpack(packed, into: target)
        case .zstd:
            guard let library = ZSTD.shared else { throw missing("ZSTD", Packing.zstd.library.package) }
            try library.unpack(packed, into: target)
        }
    }

    /// Bytes that a packed one stands for at most: LZ4 lengths grow by 255 a byte, a ZSTD block of 4 bytes holds 128 kB.
    static func ratio(_ kind: Kind) -> Int { kind == .lz4 ? 256 : 1 << 16 }

    private static func missing(_ name: String, _ package: String) -> ArrowFault {
        ArrowFault(
            "is compressed with \(name), whose library is not on host \(hostName()): install it (Debian package \(package)), or "
                + "write the file uncompressed")
    }

    fileprivate static let damaged = ArrowFault("a compressed buffer is damaged; write or copy the file again")
}

private struct LZ4: Sendable {
    typealias Create = @convention(c) (UnsafeMutablePointer<OpaquePointer?>, UInt32) -> Int
    typealias Free = @convention(c) (OpaquePointer?) -> Int
    typealias Decompress =
        @convention(c) (
            OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>, UnsafeRawPointer?,
            UnsafeMutablePointer<Int>,
            UnsafeRawPointer?
        ) -> Int
    typealias IsError = @convention(c) (Int) -> UInt32

    let create: Create
    let free: Free
    let decompress: Decompress
    let isError: IsError

    static let shared: LZ4? = {
        guard let library = SharedLibrary(["liblz4.so.1", "liblz4.so"]),
            let create = library.function("LZ4F_createDecompressionContext", as: Create.self),
            let free = library.function("LZ4F_freeDecompressionContext", as: Free.self),
            let decompress = library.function("LZ4F_decompress", as: Decompress.self),
            let isError = library.function("LZ4F_isError", as: IsError.self)
        else { return nil }
        return LZ4(create: create, free: free, decompress: decompress, isError: isError)
    }()

    func unpack(_ packed: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) throws(ArrowFault) {
        let version: UInt32 = 100
        var context: OpaquePointer?
        guard isError(create(&context, version)) == 0 else { throw BufferCodec.damaged }
        defer { _ = free(context) }
        var (read, written) = (0, 0)
        while written < target.count {
            var (room, given) = (target.count - written, packed.count - read)
            let result = decompress(
                context, target.baseAddress.map { $0 + written }, &room, packed.baseAddress.map { $0 + read }, &given,
                nil)
            guard isError(result) == 0, room + given > 0 else { throw BufferCodec.damaged }
            written += room
            read += given
        }
    }
}

private struct ZSTD: Sendable {
    typealias Decompress = @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int) -> Int

    let decompress: Decompress

    static let shared: ZSTD? = {
        guard let library = SharedLibrary(Packing.zstd.library.files),
            let decompress = library.function("ZSTD_decompress", as: Decompress.self)
        else { return nil }
        return ZSTD(decompress: decompress)
    }()

    func unpack(_ packed: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) throws(ArrowFault) {
        // Errors are numbers near the largest.
        guard decompress(target.baseAddress, target.count, packed.baseAddress, packed.count) == target.count else {
            throw BufferCodec.damaged
        }
    }
}
