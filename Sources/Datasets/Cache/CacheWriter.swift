import Kernels
import MPI
import Platform

/// Writes a cache: every rank its own section, rank 0 the front; under a temporary name, synced, then renamed.
struct CacheWriter {
    let target: CacheTarget
    let json: [UInt8]
    let numbers: [Double]
    let layout: CacheLayout
    let communicator: any Communicator

    private struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
    }

    /// Collective. Returns the size of the file, or why there is none: a cache that cannot be written is no error.
    ///
    /// - Parameter parts: training and validation rows of this rank, with labels as the cache keeps them.
    func write(_ parts: [Dataset]) throws -> Result<Int, RemoteError> {
        do {
            return .success(try writeTogether(parts))
        } catch let error as RemoteError {
            return .failure(error)
        }
    }

    private func writeTogether(_ parts: [Dataset]) throws -> Int {
        let starts = layout.sectionStarts
        let pieces = layout.pieces(ranks: 0..<layout.ranks).count
        let start = CacheHeader.start(json: json, numbers: numbers, pieces: pieces)
        let total = start + (starts.last ?? 0)
        let made = try communicator.together { communicator.rank == 0 ? try create() : nil }
        defer {
            if let made {
                unlink(made.path)
                close(made.descriptor)
            }
        }
        let name = String(decoding: try communicator.broadcast(bytes: Array((made?.path ?? "").utf8)), as: UTF8.self)
        let checksums = try communicator.together {
            let descriptor = open(name, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Failure("cannot write \(name) on host \(hostName())") }
            defer { close(descriptor) }
            let sums = try writeSection(parts, descriptor, at: start + starts[communicator.rank])
            guard fsync(descriptor) == 0 else { throw Failure("cannot write \(target.path)") }
            return sums
        }
        let all = try communicator.allgather(arrays: checksums.map { Int(truncatingIfNeeded: $0) }).flatMap { $0 }
        try communicator.together {
            guard communicator.rank == 0 else { return }
            let descriptor = open(name, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Failure("cannot write \(target.path)") }
            defer { close(descriptor) }
            let front = CacheHeader.bytes(
                json: json, numbers: numbers, checksums: all.map { UInt64(truncatingIfNeeded: $0) })
            try front.withUnsafeBytes { try put($0, descriptor, at: 0) }
            guard fsync(descriptor) == 0, rename(name, target.path) == 0 else {
                throw Failure("cannot write \(target.path)")
            }
            syncFolder()
        }
        return total
    }

    /// Makes the file, and its folder where that is missing.
    private func create() throws -> TemporaryFile {
        if let slash = target.path.lastIndex(of: "/") {
            let folder = String(target.path[..<slash])
            if !folder.isEmpty, mkdir(folder, 0o777) != 0, errno != EEXIST {
                throw Failure("cannot make the folder \(folder)")
            }
        }
        guard let made = TemporaryFile(beside: target.path) else { throw Failure("cannot write \(target.path)") }
        return made
    }

    /// Writes this rank's section; returns the checksums of its pieces.
    private func writeSection(_ parts: [Dataset], _ descriptor: Int32, at start: Int) throws -> [UInt64] {
        let section = layout.section(rank: communicator.rank)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: CacheLayout.piece, alignment: 4096)
        defer { piece.deallocate() }
        var sums: [UInt64] = []
        var filled = 0
        func flush() throws {
            let bytes = UnsafeRawBufferPointer(rebasing: piece[..<filled])
            try put(bytes, descriptor, at: start + sums.count * CacheLayout.piece)
            sums.append(Checksum.of(bytes))
            filled = 0
        }
        /// Appends bytes, or zeros where there are none, up to a place in the section.
        func add(_ source: UnsafeRawPointer?, upTo end: Int) throws {
            var done = 0
            while true {
                let place = sums.count * CacheLayout.piece + filled
                guard place < end else { return }
                let count = min(end - place, piece.count - filled)
                let target = UnsafeMutableRawBufferPointer(rebasing: piece[filled..<filled + count])
                if let source {
                    target.copyMemory(from: UnsafeRawBufferPointer(start: source + done, count: count))
                } else {
                    target.initializeMemory(as: UInt8.self, repeating: 0)
                }
                done += count
                filled += count
                if filled == piece.count { try flush() }
            }
        }
        for (part, arrays) in zip(parts, section.parts) {
            for (range, source) in part.arrays(arrays) {
                try add(nil, upTo: range.lowerBound)
                try add(source, upTo: range.upperBound)
            }
        }
        try add(nil, upTo: section.length)
        if filled > 0 { try flush() }
        return sums
    }

    private func put(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let written = pwrite(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Failure("cannot write \(target.path)") }
            done += written
        }
    }

    /// Makes the rename last, where folders can be synced.
    private func syncFolder() {
        let folder = target.path.lastIndex(of: "/").map { String(target.path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

extension Dataset {
    /// The arrays with their ranges in a section, in the order of the section.
    fileprivate func arrays(_ ranges: CacheLayout.Arrays) -> [(Range<Int>, UnsafeRawPointer)] {
        var result: [(Range<Int>, UnsafeRawPointer)]
        switch features {
        case .dense(let matrix): result = [(ranges.values, UnsafeRawPointer(matrix.storage.pointer))]
        case .sparse(let matrix):
            result = [
                (ranges.values, UnsafeRawPointer(matrix.values.pointer)),
                (ranges.rowOffsets, UnsafeRawPointer(matrix.rowOffsets.pointer)),
                (ranges.columnIndices, UnsafeRawPointer(matrix.columnIndices.pointer)),
            ]
        }
        result.append((ranges.labels, UnsafeRawPointer(labels.pointer)))
        if let weights { result.append((ranges.weights, UnsafeRawPointer(weights.pointer))) }
        result.append((ranges.squaredNorms, UnsafeRawPointer(squaredNorms.pointer)))
        return result
    }
}
