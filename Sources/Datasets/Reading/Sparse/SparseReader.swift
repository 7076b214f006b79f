/// Reads rows of a matrix compressed by rows as chunks: the number of the first row is `TextChunk.offset`, and the bytes
/// are the number of rows, the entries of each (8 bytes each), the columns of all entries and their values, as in the file.
final class SparseReader: ChunkReader {
    private let matrix: StoredMatrix
    private let offsets: ArrayInput
    private let indices: ArrayInput
    private let values: ArrayInput
    private let pool: ChunkPool
    private let chunkSize: Int
    private var row: Int
    private let end: Int
    /// First entry of the next row.
    private var entry = 0
    /// Offsets that were read and not yet used: those of the ends of rows `row`, `row` + 1, ….
    private var ends: ArraySlice<Int> = []
    private var endsRead: Int

    var bytesTaken: Int { offsets.packedTaken + indices.packedTaken + values.packedTaken }

    /// - Parameters:
    ///   - rows: of a packed matrix, from the first row on.
    ///   - chunkSize: bytes of a chunk, about; at least one row.
    init(_ matrix: StoredMatrix, rows: Range<Int>, chunkSize: Int, pool: ChunkPool = ChunkPool()) throws {
        self.matrix = matrix
        self.pool = pool
        self.chunkSize = chunkSize
        offsets = try ArrayInput(matrix.offsets.source)
        indices = try ArrayInput(matrix.indices.source)
        values = try ArrayInput(matrix.values.source)
        row = rows.lowerBound
        end = rows.upperBound
        endsRead = row + 1
        precondition(row == 0 || !matrix.isPacked)
        for (input, array) in [
            (offsets, matrix.offsets), (indices, matrix.indices), (values, matrix.values),
        ] where array.source.isPacked {
            var head = [UInt8](repeating: 0, count: array.header.start)
            _ = try head.withUnsafeMutableBytes { try input.read(into: $0) }
        }
        guard row < end else { return }
        entry = try readOffsets(row..<row + 1)[0]
        guard (0...matrix.entries).contains(entry), row > 0 || entry == 0 else { throw fault(row, entry) }
    }

    /// The rows that start in a range of what the rows take as `StoredMatrix.dealtBytes` counts it.
    convenience init(_ matrix: StoredMatrix, bytes: Range<Int>, chunkSize: Int, pool: ChunkPool) throws {
        let first = try matrix.firstRow(from: bytes.lowerBound)
        let last = try matrix.firstRow(from: bytes.upperBound)
        guard first <= last else {
            throw ParseError(
                file: matrix.offsets.source.name, message: "the offsets of rows do not ascend: write the matrix again")
        }
        try self.init(matrix, rows: first..<last, chunkSize: chunkSize, pool: pool)
    }

    private func fault(_ row: Int, _ offset: Int) -> ParseError {
        ParseError(
            file: matrix.offsets.source.name,
            message: "row \(row + 1) starts at entry \(offset) of \(matrix.entries), which is not where the one before "
                + "ends: the matrix is damaged; write it again")
    }

    private func readOffsets(_ range: Range<Int>) throws -> [Int] {
        try matrix.offsets.integers(range, offsets)
    }

    func next() throws -> TextChunk? {
        guard row < end else { return nil }
        let first = row
        let start = entry
        var lengths: [Int] = []
        var bytes = 8
        while row < end {
            if ends.isEmpty {
                let upper = min(end + 1, endsRead + (1 << 16))
                ends = try readOffsets(endsRead..<upper)[...]
                endsRead = upper
            }
            guard let stop = ends.first, stop >= entry, stop <= matrix.entries else {
                throw fault(row + 1, ends.first ?? 0)
            }
            // Neither factor is larger than what the file holds.
            let size = 8 + (stop - entry) * matrix.entrySize
            if !lengths.isEmpty, bytes + size > chunkSize { break }
            bytes += size
            lengths.append(stop - entry)
            entry = stop
            row += 1
            ends = ends.dropFirst()
        }
        let memory = ChunkMemory(capacity: bytes, pool: pool)
        let buffer = memory.bytes(at: 0, count: bytes)
        buffer.storeBytes(of: lengths.count, as: Int.self)
        let columns = 8 + 8 * lengths.count
        lengths.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[8..<columns]).copyMemory(from: $0) }
        let middle = columns + (entry - start) * matrix.indices.header.elementSize
        try matrix.indices.read(
            start..<entry, indices, UnsafeMutableRawBufferPointer(rebasing: buffer[columns..<middle]))
        try matrix.values.read(start..<entry, values, UnsafeMutableRawBufferPointer(rebasing: buffer[middle...]))
        return TextChunk(
            file: matrix.name, offset: first, firstLine: nil, memory: memory, start: 0, count: bytes)
    }
}

extension StoredArray {
    /// Elements `range` of a list, from an input that stands there where it is read in sequence.
    fileprivate func read(_ range: Range<Int>, _ input: ArrayInput, _ buffer: UnsafeMutableRawBufferPointer) throws {
        let got =
            source.isPacked
            ? try input.read(into: buffer)
            : try input.read(into: buffer, at: header.start + range.lowerBound * header.elementSize)
        guard got == buffer.count else {
            throw ParseError(
                file: source.name,
                message: "is cut off after \(range.lowerBound + got / header.elementSize) of \(header.count) numbers; "
                    + "copy it again")
        }
    }

    fileprivate func integers(_ range: Range<Int>, _ input: ArrayInput) throws -> [Int] {
        var bytes = [UInt8](repeating: 0, count: range.count * header.elementSize)
        return try bytes.withUnsafeMutableBytes { bytes in
            try read(range, input, bytes)
            guard let start = bytes.baseAddress else { return [] }
            return ArrayValues.forEachInteger(header) { number in
                (0..<range.count).map { number(UnsafeRawPointer(start), $0) }
            }
        }
    }
}

extension StoredMatrix {
    /// What is dealt out to ranks: 8 bytes for a row, and its entries.
    var dealtBytes: Int { rows.saturating(times: 8).saturating(plus: entries.saturating(times: entrySize)) }

    /// The first row that starts at or behind a place in those bytes. The same for the same place, whatever the offsets.
    fileprivate func firstRow(from place: Int) throws -> Int {
        guard place > 0, place < dealtBytes else { return place > 0 ? rows : 0 }
        let input = try ArrayInput(offsets.source)
        var (low, high) = (0, rows)
        while low < high {
            let middle = low + (high - low) / 2
            let offset = try offsets.integers(middle..<middle + 1, input)[0]
            guard (0...entries).contains(offset) else {
                throw ParseError(
                    file: offsets.source.name,
                    message:
                        "row \(middle + 1) starts at entry \(offset), and there are \(entries): the matrix is damaged; "
                        + "write it again")
            }
            if middle * 8 + offset * entrySize < place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
