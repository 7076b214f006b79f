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
    /// and `take` with the results, in order, and the number of the first row in the file. Errors thrown by the reading or by
    /// `work` are thrown by all ranks.
    ///
    /// - Parameter wanted: of each file, the columns that are read.
    func forEachBatch<Result: Sendable>(
        wanted: [[Int]], _ work: @Sendable (_ file: Int, ArrowBatch, Range<Int>) throws -> Result,
        take: (_ file: Int, _ offset: Int, Result) throws -> Void
    ) throws {
        var shares = shares[...]
        var reader: (any ArrowReader)?
        var number = 0
        while true {
            var failure: (any Error)?
            var faulty = 0
            do {
                // A few batches a thread between two agreements.
                for _ in 0..<8 {
                    var pieces: [ArrowPiece] = []
                    while pieces.count < threads {
                        faulty = number
                        do {
                            if let piece = try reader?.next() {
                                progress?.add(piece.rows.count)
                                pieces.append(piece)
                            } else if pieces.isEmpty, let (file, range) = shares.popFirst() {
                                number = file
                                reader = nil
                                reader = try set.files[file].table?.reader(
                                    rows: range, wanted: wanted[file], converter: set.converter, pool: pool)
                            } else {
                                if shares.isEmpty { reader = nil }
                                break
                            }
                        } catch {
                            // What comes before in the files is told first.
                            try run(pieces, number, work, take)
                            throw error
                        }
                    }
                    try run(pieces, number, work, take)
                    if reader == nil { break }
                }
            } catch {
                failure = error
            }
            try communicator.throwFirst(failure, file: faulty)
            if try communicator.allreduce(reader == nil && shares.isEmpty ? 1 : 0, .minimum) == 1 { return }
        }
    }

    /// Works on pieces of one file side by side and takes the results in order.
    private func run<Result: Sendable>(
        _ pieces: [ArrowPiece], _ file: Int, _ work: (Int, ArrowBatch, Range<Int>) throws -> Result,
        _ take: (Int, Int, Result) throws -> Void
    ) throws {
        guard !pieces.isEmpty else { return }
        let results = withoutActuallyEscaping(work) { work in
            // Unsafe: every thread has a place of its own, and the call outlives them all.
            nonisolated(unsafe) var results = [Swift.Result<Done<Result>, any Error>?](
                repeating: nil, count: pieces.count)
            nonisolated(unsafe) let work = work
            results.withUnsafeMutableBufferPointer { places in
                nonisolated(unsafe) let places = places
                concurrently(pieces.count) { index in
                    places[index] = Swift.Result { try done(pieces[index], file, work) }
                }
            }
            return results
        }
        for result in results {
            for part in try result?.get() ?? [] { try take(file, part.offset, part.result) }
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
