import MPI

/// Deals every line of the files to one rank: byte ranges of plain files, chunks of gzip files and standard input.
///
/// Plain files: the bytes of all of them are split evenly, and a rank takes the lines that start in its share. A stream
/// can be read in sequence only: its reader (streams are shared out over ranks) sends one chunk of whole lines to every
/// rank in each round, so that no rank holds more than its share.
struct LineDealer {
    let set: FileSet
    let communicator: any Communicator
    /// Bytes a rank reads or receives at a time, about.
    var chunkSize = TextReader.defaultChunkSize

    /// A reader holds one chunk for every rank: 32 MB in all, and every rank receives one from each of `readers`.
    static func streamChunkSize(ranks: Int, readers: Int = 1, chunkSize: Int = TextReader.defaultChunkSize) -> Int {
        max(min(chunkSize / readers, 8 * chunkSize / ranks), 1 << 10)
    }

    /// Collective. Calls `body` on this rank for each of its chunks, with the number of the file. Errors thrown by the
    /// reading or by `body` are thrown by all ranks; no rank goes on for more than a few chunks after another failed.
    func forEachChunk(_ body: (_ file: Int, TextChunk) throws -> Void) throws {
        let numbers = set.files.indices
        try dealRanges(numbers.filter { !isStream($0) }, body)
        let streams = numbers.filter(isStream)
        if !streams.isEmpty { try dealStreams(streams, body) }
    }

    private func isStream(_ number: Int) -> Bool { set.files[number].isCompressed || set.files[number].isStandardInput }

    private func dealRanges(_ numbers: [Int], _ body: (Int, TextChunk) throws -> Void) throws {
        guard !numbers.isEmpty else { return }
        var shares = LineDealer.shares(
            of: numbers.map { set.files[$0].byteCount }, ranks: communicator.size, rank: communicator.rank)[...]
        var reader: TextReader?
        var number = 0
        while true {
            var failure: (any Error)?
            do {
                // A few chunks between two agreements.
                var left = 8
                while left > 0 {
                    if let chunk = try reader?.next() {
                        try body(number, chunk)
                        left -= 1
                    } else if let (index, range) = shares.popFirst() {
                        number = numbers[index]
                        reader = try TextReader(path: set.files[number].path, range: range, chunkSize: chunkSize)
                    } else {
                        reader = nil
                        break
                    }
                }
            } catch {
                failure = resolved(error)
            }
            try communicator.throwFirst(failure, file: number)
            if try communicator.allreduce(reader == nil && shares.isEmpty ? 1 : 0, .minimum) == 1 { return }
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

    private func dealStreams(_ numbers: [Int], _ body: (Int, TextChunk) throws -> Void) throws {
        let ranks = communicator.size
        var mine = numbers.indices.filter { $0 % ranks == communicator.rank }.map { numbers[$0] }[...]
        let size = LineDealer.streamChunkSize(
            ranks: ranks, readers: min(numbers.count, ranks), chunkSize: chunkSize)
        var reader: TextReader?
        var number = 0
        var faulty = 0
        try RoundedExchange(communicator: communicator).run { outbox in
            do {
                var destination = 0
                while destination < ranks {
                    if let chunk = try reader?.next() {
                        DealtChunk.send(chunk, file: number, to: destination, &outbox)
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
            try DealtChunk.receive(bytes, names: set.files.map(\.path)) { file, chunk in
                do {
                    try body(file, chunk)
                } catch {
                    faulty = file
                    throw resolved(error)
                }
            }
        } agree: { failure in
            try communicator.throwFirst(failure, file: faulty)
        }
    }

    private func open(_ number: Int, chunkSize: Int) throws -> TextReader {
        if set.files[number].isStandardInput, let reader = set.standardInput { return reader }
        return try TextReader(stream: set.files[number].path, chunkSize: chunkSize)
    }

    private func resolved(_ error: any Error) -> any Error { (error as? ParseError)?.resolved() ?? error }
}

/// A chunk on its way to the rank that parses it: file, offset, first line, byte count (8 bytes each), bytes.
private enum DealtChunk {
    static func send(_ chunk: TextChunk, file: Int, to rank: Int, _ outbox: inout Outbox) {
        for field in [file, chunk.offset, chunk.firstLine ?? -1, chunk.bytes.count] { outbox.append(field, to: rank) }
        chunk.bytes.withUnsafeBytes { outbox.append($0, to: rank) }
    }

    static func receive(
        _ bytes: UnsafeRawBufferPointer, names: [String], _ body: (Int, TextChunk) throws -> Void
    ) throws {
        var place = 0
        while place < bytes.count {
            let fields = (0..<4).map { bytes.loadUnaligned(fromByteOffset: place + 8 * $0, as: Int.self) }
            place += 32
            let text = Array(UnsafeRawBufferPointer(rebasing: bytes[place..<place + fields[3]]))
            place += fields[3]
            let name = names[fields[0]] == "-" ? "standard input" : names[fields[0]]
            try body(
                fields[0],
                TextChunk(file: name, offset: fields[1], firstLine: fields[2] < 0 ? nil : fields[2], bytes: text))
        }
    }
}
