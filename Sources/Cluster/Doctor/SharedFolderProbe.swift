import MPI
import Platform
import Telemetry

/// Whether a folder is one and the same for all ranks, and how fast rank 0 writes to it.
package struct SharedFolderProbe {
    package var folder: String
    /// Why rank 0 cannot write there; nil: it can.
    package var problem: String?
    /// Ranks that do not see what rank 0 has written.
    package var blind: [Int] = []
    /// Seconds until the last rank saw it: file systems of networks take their time.
    package var delay = 0.0
    /// Seconds that a synced file of `bytes` took.
    package var seconds = 0.0
    package static let bytes = 16 << 20

    /// Collective.
    package static func measure(_ folder: String?, _ world: any Communicator) throws -> SharedFolderProbe {
        var probe = SharedFolderProbe(folder: folder.map(absolutePath) ?? String(absolutePath("").dropLast()))
        // Launchers may start ranks in different folders, and then a relative path means different ones: rank 0's counts.
        probe.folder = String(
            decoding: try world.broadcast(bytes: Array(probe.folder.utf8)), as: UTF8.self)
        let path = probe.folder + "/.crescendo-doctor-\(try world.broadcastValue(Double(getpid())))"
        var mark = ""
        if world.rank == 0 {
            mark = "\(getpid()) \(monotonicSeconds())"
            let start = monotonicSeconds()
            do {
                let file = try AtomicFileWriter(path: path)
                try file.write([UInt8](repeating: 7, count: bytes))
                try file.commit()
                probe.seconds = monotonicSeconds() - start
                try AtomicFile.write(mark, to: path)
            } catch {
                probe.problem = "\(error)"
            }
        }
        mark = String(decoding: try world.broadcast(bytes: Array(mark.utf8)), as: UTF8.self)
        let problem = try world.broadcast(bytes: Array((probe.problem ?? "").utf8))
        probe.seconds = try world.broadcastValue(probe.seconds)
        guard problem.isEmpty else {
            probe.problem = String(decoding: problem, as: UTF8.self)
            if world.rank == 0 { unlink(path) }
            return probe
        }
        let start = monotonicSeconds()
        var sees = false
        repeat {
            sees = (try? WholeFile.text(of: path)) == mark
            if !sees { usleep(50_000) }
        } while !sees && monotonicSeconds() - start < 10
        probe.delay = try world.allreduce(monotonicSeconds() - start, .maximum)
        probe.blind = try world.allgather(Int32(sees ? 1 : 0)).enumerated().filter { $0.element == 0 }.map(\.offset)
        if world.rank == 0 { unlink(path) }
        return probe
    }
}
