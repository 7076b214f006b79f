import BigBatch
import FoundationEssentials

/// A run on its way from rank 0 to the others.
package enum PilotRunText {
    package static func encode(_ run: PilotRun?) throws -> [UInt8] {
        guard let run else { return [] }
        return [UInt8](try SnapshotCoding.encoder().encode(run))
    }

    package static func decode(_ bytes: [UInt8]) throws -> PilotRun {
        try SnapshotCoding.decoder().decode(PilotRun.self, from: Data(bytes))
    }
}
