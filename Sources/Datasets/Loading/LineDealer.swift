import Kernels
import MPI
import Synchronization

/// Deals every line of the files to one rank: byte ranges of plain files, chunks of packed files and pipes.
///
/// Plain files: the bytes of all of them are split evenly, and a rank takes the lines that start in its share. A stream
/// can be read in sequence only: its reader (streams are shared out over ranks) sends one chunk of whole lines to every
/// rank in each round, so that no rank holds more than its share. The records of arrays are dealt in the same way.
struct LineDealer {
    let set: FileSet
    let communicator: any Communicator
    /// Threads of this rank that work on chunks.
    var threads = 1
    /// What comes through pipes will be read once more.
    var keepsPipes = false
    /// Told of the bytes that this rank has read.
    var progress: LoadProgress?
    private let pool = ChunkPool()
    /// Whether a chunk that could not be read has quotes.
    let metQuotes = Flag()
    /// Bytes a rank reads or receives at a time, about.
    var chunkSize = TextReader.defaultChunkSize

    /// A reader holds one chunk for every rank: 32 MB in all, and every rank receives one from each of `readers`.
    static func streamChunkSize(ranks: Int, readers: Int = 1, chunkSize: Int = TextReader.defaultChunkSize) -> Int {
        max(min(chunkSize / readers, 8 * chunkSize / ranks), 1 << 10)
    }

    /// Collective. Calls `work` on this rank for each of its chunks, with the number of the file, on several threads, and
    /// `take` with the results, in order. Errors thrown by the reading or by `work` are thrown by all ranks; no rank goes
    /// on for more than a few chunks after another failed.
    func forEachChunk<Result: Sendable>(
        _ work: @Sendable (_ file: Int, TextChunk) throws -> Result,
        take: (_ file: Int, _ offset: Int, Result) throws -> Void
    ) throws {
        let numbers = set.files.indices
        try dealRanges(numbers.filter { !isStream($0) }, work, take)
        let streams = numbers.filter(isStream)
        if !streams.isEmpty { try dealStreams(streams, work, take) }
    }

    /// Bytes that this rank will read in one pass.
    var expectedBytes: Int {
        let numbers = Array(set.files.indices)
        let plain = numbers.filter { !isStream($0) }.map { set.files[$0].dealtBytes }
        let ranges = LineDealer.shares(of: plain, ranks: communicator.size, rank: communicator.rank)
        return ranges.reduce(0) { $0 + $1.range.count }
            + streams(numbers.filter(isStream)).reduce(0) { $0 + set.files[$1].byteCount }
    }

    /// Those of `numbers` that this rank reads: of pipes, rank 0 all.
    private func streams(_ numbers: [Int]) -> [Int] {
        numbers.indices.filter {
            (set.files[numbers[$0]].isPiped ? 0 : $0 % communicator.size) == communicator.rank
        }.map { numbers[$0] }
    }

    private func isStream(_ number: Int) -> Bool { set.files[number].isSequential || set.files[number].isPiped }

    private func dealRanges<Result: Sendable>(
        _ numbers: [Int], _ work: (Int, TextChunk) throws -> Result, _ take: (Int, Int, Result) throws -> Void
    ) throws {
        guard !numbers.isEmpty else { return }
        let shares = LineDealer.shares(
            of: numbers.map { set.files[$0].dealtBytes }, ranks: communicator.size, rank: communicator.rank
        ).map { (item: numbers[$0.item], range: $0.range) }
        try pieces.forEach(shares) { number, range in
            let reader = try open(number, range: range)
            return {
                let chunk = try reader.next()
                if let chunk { progress?.add(chunk.count) }
                return chunk
            }
        } work: { file, chunk in
            try noting(chunk) { try work(file, chunk) }
        } take: { file, chunk, result in
            try take(file, chunk.offset, result)
        }
    }

    private var pieces: PieceDealing { PieceDealing(communicator: communicator, threads: threads) }

    /// Remembers that a chunk which could not be read has quotes.
    private func noting<Result>(_ chunk: TextChunk, _ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch {
            if chunk.withBytes({ $0.contains(0x22) }) { metQuotes.isSet.store(true, ordering: .relaxed) }
            throw error
        }
    }

    /// The part of `sizes`, laid end to end, that belongs to `rank`: item and range within it.
    static func shares(of sizes: [Int], ranks: Int, rank: Int) -> [(item: Int, range: Range<Int>)] {
        let total = sizes.reduce(0, +)
        let (quotient, remainder) = total.quotientAndRemainder(dividingBy: ranks)
        let begin = rank * quotient + min(rank, remainder)
        let end = begin + quotient + (rank < remainder ? 1 : 0)
        var start = 0
        var result: [(item: Int, range: Range<Int>)] = []
        for (item, size) in sizes.enumerated() {
            let lower = max(begin - start, 0)
            let upper = min(end - start, size)
            if lower < upper { result.append((item, lower..<upper)) }
            start += size
        }
        return result
    }

    private func dealStreams<Result: Sendable>(
        _ numbers: [Int], _ work: (Int, TextChunk) throws -> Result, _ take: (Int, Int, Result) throws -> Void
    ) throws {
        let ranks = communicator.size
        var mine = streams(numbers)[...]
        let size = LineDealer.streamChunkSize(
            ranks: ranks, readers: min(numbers.count, ranks), chunkSize: chunkSize)
        var reader: (any ChunkReader)?
        var number = 0
        var faulty = 0
        try RoundedExchange(communicator: communicator).run { outbox in
            do {
                var destination = 0
                while destination < ranks {
                    let before = reader?.bytesTaken ?? 0
                    if let chunk = try reader?.next() {
                        progress?.add((reader?.bytesTaken ?? 0) - before)
                        DealtChunk.send(chunk, file: number, to: destination, outbox)
                        destination += 1
                    } else if let next = mine.popFirst() {
                        number = next
                        reader = try open(number, chunkSize: size)
                    } else {
                        return true
                    }
                }
                return false
            } catch {
                faulty = number
                throw resolved(error)
            }
        } consume: { bytes in
            let chunks = DealtChunk.receive(bytes, names: set.files.map(\.name), pool: pool).map {
                PieceDealing.Piece(file: $0.file, value: $0.chunk)
            }
            do {
                try pieces.run(chunks, work, { try take($0, $1.offset, $2) }, faulty: &faulty)
            } catch {
                throw resolved(error)
            }
        } agree: { failure in
            try communicator.throwFirst(failure, file: faulty)
        }
    }

    private func open(_ number: Int, range: Range<Int>) throws -> any ChunkReader {
        if let array = set.files[number].array {
            return try RecordReader(array.data, bytes: range, chunkSize: chunkSize, pool: pool)
        }
        if let sparse = set.files[number].sparse {
            return try SparseReader(sparse.matrix, bytes: range, chunkSize: chunkSize, pool: pool)
        }
        return try TextReader(path: set.files[number].path, range: range, chunkSize: chunkSize, pool: pool)
    }

    private func open(_ number: Int, chunkSize: Int) throws -> any ChunkReader {
        if let array = set.files[number].array {
            return try RecordReader(array.data, rows: 0..<array.rows, chunkSize: chunkSize, pool: pool)
        }
        if let sparse = set.files[number].sparse {
            return try SparseReader(sparse.matrix, rows: 0..<sparse.matrix.rows, chunkSize: chunkSize, pool: pool)
        }
        let file = set.files[number]
        let pipe = try set.pipes[file.path].map { TextSource.pipe($0, try $0.open(keeps: keepsPipes)) }
        return try file.open(chunkSize: chunkSize, pipe: pipe)
    }

    private func resolved(_ error: any Error) -> any Error { (error as? ParseError)?.resolved() ?? error }
}

/// What threads tell whoever has called them.
final class Flag: Sendable {
    let isSet = Atomic(false)

    /// True for the first who does.
    func raise() -> Bool { !isSet.exchange(true, ordering: .relaxed) }
}

/// A chunk on its way to the rank that parses it: file, offset, first line, byte count (8 bytes each), bytes.
private enum DealtChunk {
    static func send(_ chunk: TextChunk, file: Int, to rank: Int, _ outbox: Outbox) {
        for field in [file, chunk.offset, chunk.firstLine ?? -1, chunk.count] { outbox.append(field, to: rank) }
        chunk.withBytes { outbox.append($0, to: rank) }
    }

    static func receive(
        _ bytes: UnsafeRawBufferPointer, names: [String], pool: ChunkPool
    ) -> [(file: Int, chunk: TextChunk)] {
        var place = 0
        var chunks: [(file: Int, chunk: TextChunk)] = []
        while place < bytes.count {
            let fields = (0..<4).map { bytes.loadUnaligned(fromByteOffset: place + 8 * $0, as: Int.self) }
            place += 32
            let memory = ChunkMemory(capacity: fields[3], pool: pool)
            memory.bytes(at: 0, count: fields[3]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[place..<place + fields[3]]))
            place += fields[3]
            chunks.append(
                (
                    fields[0],
                    TextChunk(
                        file: names[fields[0]], offset: fields[1], firstLine: fields[2] < 0 ? nil : fields[2],
                        memory: memory,
                        start: 0, count: fields[3])
                ))
        }
        return chunks
    }
}
