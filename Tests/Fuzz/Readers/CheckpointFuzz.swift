import BigBatch
import Models
import Runs

@testable import crescendo

/// Both files of a checkpoint, the JSON first, a zero byte between them; read as if their checksums were right.
enum CheckpointFuzz {
    static func read(_ bytes: [UInt8]) {
        let end = bytes.firstIndex(of: 0) ?? bytes.endIndex
        let document = Array(bytes[..<end])
        let checkpoint = Checkpoint(document: document, arrays: Array(bytes[min(end + 1, bytes.endIndex)...]))
        TouchedNumbers.sum += Checkpoint.isWhole(document) ? 1 : 0
        if let head = try? checkpoint.head() {
            TouchedNumbers.sum += Double(head.fingerprint.differences(from: head.fingerprint).count)
        }
        if let snapshot = try? checkpoint.snapshot() { TouchedNumbers.sum += Double(snapshot.iteration) }
    }
}
