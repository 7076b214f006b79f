import Kernels
import MPI

/// Deals the rows of typed tables to the ranks: laid end to end, every rank reads its share of them.
struct BatchDealer {
    let set: FileSet
    let communicator: any Communicator
    let threads: Int
    /// Told of the rows that this rank has read.
    let progress: LoadProgress?
    private let pool = ChunkPool()

    init(set: FileSet, communicator: any Communicator, threads: Int, progress: LoadProgress?) {
        self.set = set
        self.communicator = communicator
        self.threads = threads
        self.progress = progress
    }

    private var shares: [(item: Int, range: Range<Int>)] {
        LineDealer.shares(
            of: set.files.map { $0.table?.rows ?? 0 }, ranks: communicator.size, rank: communicator.rank)
    }

    /// Rows that this rank will read in one pass.
    var expectedRows: Int { shares.reduce(0) { $0 + $1.range.count } }

    /// Rows of a file, made columns, and what became of them.
    private typealias Done<Result> = [(offset: Int, result: Result)]

    /// Collective. Calls `work` on this rank for its rows, some at a time, with the number of the file, on several threads,
    /// and `take` with the results, in order, and the number of the first row in the file.
    ///
    /// - Parameter wanted: of each file, the columns that are read.
    func forEachBatch<Result: Sendable>(
        wanted: [[Int]], _ work: @Sendable (_ file: Int, ArrowBatch, Range<Int>) throws -> Result,
        take: (_ file: Int, _ offset: Int, Result) throws -> Void
    ) throws {
        // A converter answers for one file at a time.
        try PieceDealing(communicator: communicator, threads: threads).forEach(shares, keepsFilesApart: true) {
            file, range in
            let reader = try set.files[file].table?.reader(
                rows: range, wanted: wanted[file], converter: set.converter, pool: pool)
            return {
                let piece = try reader?.next()
                if let piece { progress?.add(piece.rows.count) }
                return piece
            }
        } work: { file, piece in
            try done(piece, file, work)
        } take: { file, _, parts in
            for part in parts { try take(file, part.offset, part.result) }
        }
    }

    private func done<Result>(
        _ piece: ArrowPiece, _ file: Int, _ work: (Int, ArrowBatch, Range<Int>) throws -> Result
    ) throws -> Done<Result> {
        let batch = try piece.decode()
        let step = piece.selection.rowsAtATime
        return try stride(from: 0, to: batch.rows, by: step).map { start in
            let part = start..<min(start + step, batch.rows)
            return (batch.firstRow + start, try work(file, batch, part))
        }
    }
}
