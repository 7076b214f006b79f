import BigBatch
import Datasets
import FoundationEssentials
import Models
import Platform
import Telemetry

/// A checkpoint as two files hold it: numbers as JSON, long arrays as safetensors.
///
/// The JSON ends in its own checksum and holds that of the other file, which is there before it: a checkpoint is complete
/// when its JSON is.
package struct Checkpoint: Sendable {
    package var document: [UInt8]
    package var arrays: [UInt8]

    package init(document: [UInt8], arrays: [UInt8]) {
        self.document = document
        self.arrays = arrays
    }

    /// What a checkpoint says of itself, besides the state that it holds.
    package struct Head: Codable {
        package var format = Checkpoint.format
        package var version = programVersion
        /// ISO 8601, UTC.
        package var written: String
        package var attempt: Int
        package var iteration: Int
        /// Training time so far, over all attempts.
        package var seconds: Double
        package var ranks: Int
        package var threads: Int
        /// The limits of the run so far.
        package var tolerance: Double
        package var patience: Int
        /// Of the last iteration: what a metrics file that could not be written lacks is told from it.
        package var record: IterationRecord
        /// Name, size and CRC-32 of the file of arrays.
        package var arrays: FileMark?
        package var fingerprint: RunFingerprint
    }

    package struct FileMark: Codable, Equatable {
        package var file: String
        package var bytes: Int
        package var crc32: String
    }

    package static let format = "crescendo checkpoint 2"

    /// - Throws: `DamagedCheckpoint`.
    package func head() throws -> Head {
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

    package func snapshot() throws -> Snapshot {
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
    package static func numbers(_ snapshot: Snapshot, _ tensors: SnapshotTensors) throws -> [UInt8] {
        [UInt8](try SnapshotCoding.encoder(tensors).encode(snapshot))
    }

    /// The whole JSON, its checksum behind the rest.
    package static func document(_ head: Head, state: [UInt8]) throws -> [UInt8] {
        var bytes = [UInt8](try SnapshotCoding.encoder().encode(head))
        bytes.removeLast()
        bytes += Array(",\"state\":".utf8) + state + mark
        return bytes + Array((CRC32.text(of: bytes) + "\"}\n").utf8)
    }

    private static let mark = Array(",\"crc32\":\"".utf8)

    /// Whether the JSON is as it was written.
    package static func isWhole(_ document: [UInt8]) -> Bool {
        // Eight digits, then "}, end of line.
        let digits = document.count - 11
        guard digits > mark.count, document[digits - mark.count..<digits].elementsEqual(mark) else { return false }
        return document[digits...].elementsEqual(Array((CRC32.text(of: document[..<digits]) + "\"}\n").utf8))
    }
}

package struct DamagedCheckpoint: Error, CustomStringConvertible {
    package var reason: String
    package var description: String { reason }
}
