import Datasets
import MPI
import Platform
import Telemetry

/// Texts of all ranks, written by rank 0 in rank order, a piece at a time.
struct OrderedOutput {
    let world: any Communicator

    /// Collective.
    /// - Parameters:
    ///   - next: this rank's next piece; nil at its end.
    ///   - sink: called on rank 0; what it throws, all ranks throw.
    func write(next: () -> [UInt8]?, sink: ([UInt8]) throws -> Void) throws {
        for source in 0..<world.size {
            while true {
                let mine = source == world.rank ? next() : nil
                var length = [mine?.count ?? 0]
                try length.withUnsafeMutableBufferPointer { try world.broadcast($0, root: source) }
                guard length[0] > 0 else { break }
                let piece = try send(mine ?? [], count: length[0], from: source)
                try world.onRoot { try sink(piece) }
            }
        }
    }

    /// Rank 0 gets the bytes of `source`; the others nothing.
    private func send(_ bytes: [UInt8], count: Int, from source: Int) throws -> [UInt8] {
        if source == 0 { return bytes }
        var sendCounts = [Int](repeating: 0, count: world.size)
        var receiveCounts = sendCounts
        if world.rank == source { sendCounts[0] = count }
        if world.rank == 0 { receiveCounts[source] = count }
        var received = [UInt8](repeating: 0, count: world.rank == 0 ? count : 0)
        try bytes.withUnsafeBufferPointer { bytes in
            try received.withUnsafeMutableBufferPointer {
                try world.alltoallv(bytes, sendCounts: sendCounts, into: $0, receiveCounts: receiveCounts)
            }
        }
        return received
    }
}

/// Where predictions go: standard output, or a file that appears when it is whole.
final class PredictionSink {
    private let file: AtomicFileWriter?
    /// Names of rows and classes must not steer it.
    private let isTerminal: Bool

    /// - Parameter path: nil: standard output.
    init(path: String?) throws {
        if let path { TemporaryFile.removeLeft(beside: path) }
        file = try path.map { try AtomicFileWriter(path: $0) }
        isTerminal = path == nil && Screen.detect().isTerminal
    }

    func write(_ bytes: [UInt8]) throws {
        if let file { return try file.write(bytes) }
        let isWritten =
            isTerminal
            ? StandardStream.output.say(String(decoding: bytes, as: UTF8.self))
            : StandardStream.output.write(bytes: bytes)
        guard isWritten || StandardStream.outputFailure == nil else {
            if StandardStream.outputFailure == .readerIsGone { throw Silence() }
            throw StandardStream.outputFailure ?? .readerIsGone
        }
    }

    func finish() throws { try file?.commit() }
    func abandon() { file?.abandon() }
}
