import BigBatch
import Datasets
import FoundationEssentials
import Models
import Telemetry

/// A checkpoint as two files hold it: numbers as JSON, long arrays as safetensors.
///
/// The JSON ends in its own checksum and holds that of the other file, which is there before it: a checkpoint is complete
/// when its JSON is.
struct Checkpoint: Sendable {
    var document: [UInt8]
    var arrays: [UInt8]

    /// What a checkpoint says of itself, besides the state that it holds.
    struct Head: Codable {
        var format = Checkpoint.format
        var version = programVersion
        /// ISO 8601, UTC.
        var written: String
        var attempt: Int
        var iteration: Int
        /// Training time so far, over all attempts.
        var seconds: Double
        var ranks: Int
        var threads: Int
        /// The limits of the run so far.
        var tolerance: Double
        var patience: Int
        /// Of the last iteration: what a metrics file that could not be written lacks is told from it.
        var record: IterationRecord
        /// Name, size and CRC-32 of the file of arrays.
        var arrays: FileMark?
        var fingerprint: RunFingerprint
    }

    struct FileMark: Codable, Equatable {
        var file: String
        var bytes: Int
        var crc32: String
    }

    static let format = "crescendo checkpoint 2"

    /// - Throws: `DamagedCheckpoint`.
    func head() throws -> Head {
        let head: Head
        do {
            head = try SnapshotCoding.decoder().decode(Head.self, from: Data(document))
        } catch {
            throw DamagedCheckpoint(reason: "its JSON is not that of a checkpoint")
        }
        guard head.format == Checkpoint.format else {
            throw DamagedCheckpoint(reason: "it was written by crescendo \(head.version), whose format is another")
        }
        guard head.iteration == head.record.iteration, head.attempt > 0, head.ranks > 0, head.threads > 0,
            head.seconds >= 0, head.record.holdsSoundNumbers
        else { throw DamagedCheckpoint(reason: "its numbers are not those of a run") }
        return head
    }

    func snapshot() throws -> Snapshot {
        struct Body: Decodable {
            var state: Snapshot
        }
        let file = try Safetensors(arrays, file: "the arrays of the checkpoint")
        let values = file.tensors.mapValues(\.values)
        try check(values)
        return try SnapshotCoding.decoder(SnapshotTensors(values)).decode(Body.self, from: Data(document)).state
    }

    // MARK: - The JSON

    /// Numbers of a snapshot as JSON; its arrays go to `tensors`.
    static func numbers(_ snapshot: Snapshot, _ tensors: SnapshotTensors) throws -> [UInt8] {
        [UInt8](try SnapshotCoding.encoder(tensors).encode(snapshot))
    }

    /// The whole JSON, its checksum behind the rest.
    static func document(_ head: Head, state: [UInt8]) throws -> [UInt8] {
        var bytes = [UInt8](try SnapshotCoding.encoder().encode(head))
        bytes.removeLast()
        bytes += Array(",\"state\":".utf8) + state + mark
        return bytes + Array((CRC32.text(of: bytes) + "\"}\n").utf8)
    }

    private static let mark = Array(",\"crc32\":\"".utf8)

    /// Whether the JSON is as it was written.
    static func isWhole(_ document: [UInt8]) -> Bool {
        // Eight digits, then "}, end of line.
        let digits = document.count - 11
        guard digits > mark.count, document[digits - mark.count..<digits].elementsEqual(mark) else { return false }
        return document[digits...].elementsEqual(Array((CRC32.text(of: document[..<digits]) + "\"}\n").utf8))
    }
}

struct DamagedCheckpoint: Error, CustomStringConvertible {
    var reason: String
    var description: String { reason }
}
