import Kernels
import MPI

/// What this rank is to read, piece after piece: several threads work on a few at a time, and after some of them all ranks agree
/// whether to go on.
struct PieceDealing {
    let communicator: any Communicator
    let threads: Int

    struct Piece<Value> {
        var file: Int
        var value: Value
    }

    /// Collective. Errors thrown by the reading or by the work are thrown by all ranks; of several, the first in the files.
    ///
    /// - Parameters:
    ///   - shares: numbers of files, and what is this rank's of each.
    ///   - keepsFilesApart: what is worked on at a time is of one file.
    ///   - open: starts to read a share; what it returns gives the next piece, or nil.
    ///   - take: gets the results in the order of the pieces.
    func forEach<Value, Result: Sendable>(
        _ shares: [(item: Int, range: Range<Int>)], keepsFilesApart: Bool = false,
        open: (_ file: Int, Range<Int>) throws -> () throws -> Value?,
        work: (_ file: Int, Value) throws -> Result, take: (_ file: Int, Value, Result) throws -> Void
    ) throws {
        var shares = shares[...]
        var next: (() throws -> Value?)?
        var file = 0
        while true {
            var failure: (any Error)?
            var faulty = 0
            do {
                // A few pieces a thread between two agreements.
                for _ in 0..<8 {
                    var pieces: [Piece<Value>] = []
                    while pieces.count < threads {
                        faulty = file
                        do {
                            if let value = try next?() {
                                pieces.append(Piece(file: file, value: value))
                            } else if keepsFilesApart, !pieces.isEmpty {
                                break
                            } else if let (item, range) = shares.popFirst() {
                                file = item
                                next = nil
                                next = try open(item, range)
                            } else {
                                next = nil
                                break
                            }
                        } catch {
                            // What comes before in the files is told first.
                            try run(pieces, work, take, faulty: &faulty)
                            faulty = file
                            throw error
                        }
                    }
                    try run(pieces, work, take, faulty: &faulty)
                    if next == nil { break }
                }
            } catch {
                failure = (error as? ParseError)?.resolved() ?? error
            }
            try communicator.throwFirst(failure, file: faulty)
            if try communicator.allreduce(next == nil && shares.isEmpty ? 1 : 0, .minimum) == 1 { return }
        }
    }

    /// Works on pieces side by side and takes the results in order. `faulty`: the file of the first that failed.
    func run<Value, Result: Sendable>(
        _ pieces: [Piece<Value>], _ work: (Int, Value) throws -> Result, _ take: (Int, Value, Result) throws -> Void,
        faulty: inout Int
    ) throws {
        guard !pieces.isEmpty else { return }
        let results = withoutActuallyEscaping(work) { work in
            // Unsafe: every thread has a place of its own, and the call outlives them all.
            nonisolated(unsafe) var results = [Swift.Result<Result, any Error>?](repeating: nil, count: pieces.count)
            nonisolated(unsafe) let work = work
            nonisolated(unsafe) let pieces = pieces
            results.withUnsafeMutableBufferPointer { places in
                nonisolated(unsafe) let places = places
                concurrently(pieces.count) { index in
                    places[index] = Swift.Result { try work(pieces[index].file, pieces[index].value) }
                }
            }
            return results
        }
        for (piece, result) in zip(pieces, results) {
            faulty = piece.file
            if let result { try take(piece.file, piece.value, try result.get()) }
        }
    }
}
