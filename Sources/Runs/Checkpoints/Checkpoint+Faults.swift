import BigBatch
import FoundationEssentials
import Telemetry

/// What no checksum finds in a checkpoint: arrays of other lengths than the parameters, numbers with which none can be
/// reckoned.
extension Checkpoint {
    /// The counts among the numbers of a snapshot from which lengths follow. Those that a version does not write are nil.
    private struct Outline: Decodable {
        struct Body: Decodable {
            var state: State?
            var objective: Objective?
        }

        struct State: Decodable {
            var iteration: Int?
            var position: Int?
            var batchSize: Int?
            var full: AllRows?
        }

        struct AllRows: Decodable {
            var iterations: Int?
        }

        struct Objective: Decodable {
            var gradientsEvaluated: Int?
            var rowsRead: Int?
            var preconditionerSampleSize: Int?
            var preconditioner: Preconditioner?
        }

        struct Preconditioner: Decodable {
            var classes: Int?
            var dimension: Int?
        }

        var state: Body?
    }

    /// Arrays that have an element for every parameter.
    private static let parameterArrays = ["state.", "direction", "fullStep", "objective.walk"]

    /// - Throws: `DamagedCheckpoint`.
    package func check(_ arrays: [String: SnapshotTensors.Values]) throws {
        let parameters = arrays["state.parameters"]?.count ?? 0
        for (name, values) in arrays
        where Self.parameterArrays.contains(where: name.hasPrefix) && ![0, parameters].contains(values.count) {
            throw DamagedCheckpoint(reason: "\(name) has \(values.count) elements for \(parameters) parameters")
        }
        let outline = try? JSONDecoder().decode(Outline.self, from: Data(document))
        let (state, objective) = (outline?.state?.state, outline?.state?.objective)
        let counts = [
            state?.iteration, state?.position, state?.batchSize, state?.full?.iterations, objective?.gradientsEvaluated,
            objective?.rowsRead, objective?.preconditionerSampleSize, objective?.preconditioner?.classes,
        ]
        // A dense preconditioner has a row for every feature of a few thousand.
        guard counts.allSatisfy({ (0...1 << 53).contains($0 ?? 0) }),
            (0...1 << 20).contains(objective?.preconditioner?.dimension ?? 0)
        else { throw DamagedCheckpoint(reason: "its numbers are not those of a run") }
    }
}
