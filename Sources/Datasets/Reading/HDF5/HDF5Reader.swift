/// An open dataset, whose rows are read by position.
final class HDF5Reader {
    private let file: String
    private let name: String
    private let open: Open
    private let asDoubles: Bool

    private struct Open {
        var file: HDF5Calls.ID
        var dataset: HDF5Calls.ID
        /// Of the elements in memory.
        var type: HDF5Calls.ID
        var space: HDF5Calls.ID
        var extents: [Int]
        var bytesPerRow: Int
    }

    /// Chunks that are kept unpacked, so that rows read a few at a time unpack each once. Rows that run through more
    /// are read in pieces of that size.
    static let cacheLimit = 128 << 20

    /// - Parameter asDoubles: the library converts the elements.
    init(_ file: String, _ name: String, asDoubles: Bool) throws {
        self.file = file
        self.name = name
        self.asDoubles = asDoubles
        open = try HDF5Library.alone(file) { calls in
            let what = "dataset \(name)"
            var ids: [HDF5Calls.ID] = []
            do {
                func keep(_ id: HDF5Calls.ID) throws -> HDF5Calls.ID {
                    ids.append(try calls.check(id, file, what))
                    return id
                }
                let opened = try keep(calls.open(file))
                let looked = try calls.check(calls.openDataset(opened, name, 0), file, what)
                let found: HDF5Dataset
                do {
                    defer { _ = calls.release(looked) }
                    found = try calls.describe(looked, file, name)
                }
                let access = try calls.check(calls.makeList(calls.datasetAccess), file, what)
                defer { _ = calls.release(access) }
                let cache = min(max(found.band, 1 << 20), Self.cacheLimit)
                let chunks = found.chunk.map { cache / max(1, CheckedCount.product($0 + [found.size]) ?? .max) } ?? 1
                _ = calls.setChunkCache(access, 10 * min(max(chunks, 50), 100_000) + 1, cache, 1)
                let dataset = try keep(calls.openDataset(opened, name, access))
                let space = try keep(calls.space(dataset))
                let extents = try calls.extents(of: space, file, what)
                let type = asDoubles ? calls.nativeDouble : try keep(calls.type(dataset))
                let size = asDoubles ? 8 : calls.typeSize(type)
                guard !extents.isEmpty, let bytes = CheckedCount.product(extents.dropFirst() + [size]) else {
                    throw ParseError(file: file, message: "\(what) is too large to be read")
                }
                return Open(
                    file: opened, dataset: dataset, type: type, space: space, extents: extents, bytesPerRow: bytes)
            } catch {
                for id in ids.reversed() { _ = calls.release(id) }
                throw error
            }
        }
    }

    deinit {
        let (open, asDoubles) = (open, asDoubles)
        // The types of numbers in memory are the library's own.
        let ids = (asDoubles ? [] : [open.type]) + [open.space, open.dataset, open.file]
        try? HDF5Library.alone(file) { calls in for id in ids { _ = calls.release(id) } }
    }

    /// Fills `buffer` with whole rows, from byte `offset` of all rows laid end to end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        guard buffer.count > 0, open.bytesPerRow > 0 else { return 0 }
        let (first, count) = (offset / open.bytesPerRow, buffer.count / open.bytesPerRow)
        guard offset % open.bytesPerRow == 0, buffer.count % open.bytesPerRow == 0 else {
            throw ParseError(file: file, message: "dataset \(name) was changed while it was read: start again")
        }
        guard first + count <= open.extents[0] else { return 0 }
        _ = try HDF5Library.alone(file) { try read($0, first..<first + count, into: buffer.baseAddress) }
        return buffer.count
    }

    /// Texts each of a length of its own, of a dataset of one column.
    func strings(_ rows: Range<Int>) throws -> [String] {
        guard !rows.isEmpty, rows.upperBound <= open.extents[0], open.extents.dropFirst().allSatisfy({ $0 == 1 }) else {
            return []
        }
        return try HDF5Library.alone(file) { calls in
            var places = [UnsafeMutablePointer<CChar>?](repeating: nil, count: rows.count)
            return try places.withUnsafeMutableBytes { places in
                let space = try read(calls, rows, into: places.baseAddress, keepsSpace: true)
                defer {
                    _ = calls.reclaim(open.type, space, 0, places.baseAddress)
                    _ = calls.release(space)
                }
                return places.bindMemory(to: UnsafeMutablePointer<CChar>?.self).map { text in
                    text.map { String(cString: $0) } ?? ""
                }
            }
        }
    }

    /// Reads rows; `keepsSpace`: the caller releases the shape of what was read, which is returned.
    @discardableResult
    private func read(
        _ calls: HDF5Calls, _ rows: Range<Int>, into memory: UnsafeMutableRawPointer?, keepsSpace: Bool = false
    ) throws -> HDF5Calls.ID {
        let what = "rows \(rows.lowerBound + 1) to \(rows.upperBound) of dataset \(name)"
        let start = [UInt64(rows.lowerBound)] + open.extents.dropFirst().map { _ in 0 }
        let count = [UInt64(rows.count)] + open.extents.dropFirst().map { UInt64($0) }
        guard calls.select(open.space, 0, start, nil, count, nil) >= 0 else { throw calls.failure(file, what) }
        let space = try calls.check(calls.makeSpace(Int32(count.count), count, nil), file, what)
        let status = calls.read(open.dataset, open.type, space, open.space, 0, memory)
        if status < 0 || !keepsSpace { _ = calls.release(space) }
        guard status >= 0 else { throw calls.failure(file, what) }
        return space
    }
}
