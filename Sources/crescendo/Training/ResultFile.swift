import BigBatch
import Telemetry

/// `result.json`: what a finished run knows about itself.
struct ResultFile {
    var result: TrainingResult
    var objective: Double
    var train: Quality?
    var validation: Quality?
    var test: Quality?
    /// Names of the labels, in the order of the confusion matrix.
    var classes: [String] = []
    var model: String
    var l2: Double
    var rows: Int
    var features: Int
    var ranks: Int
    var threads: Int
    /// Starts of the run; its work and its time are those of all of them.
    var attempts: Int
    /// Of the last start.
    var loadSeconds: Double
    var environment: RunEnvironment
    /// What a user should know beyond the numbers, as sentences.
    var remarks: [String] = []
    /// ISO 8601, UTC.
    var started: String
    var finished: String

    var json: JSON {
        .object([
            ("stopReason", .string(result.stopReason.rawValue)),
            ("converged", .bool(result.stopReason.isConvergence)),
            ("remarks", .array(remarks.map { .string($0) })),
            ("objective", .number(objective)),
            ("gradientNorm", .number(result.gradientNorm)),
            ("dualityGap", result.dualityGap.map { .number($0) } ?? .null),
            ("certificatePasses", .number(result.certificatePasses)),
            ("iterations", .integer(result.iterations)),
            ("gradientPasses", .number(result.gradientPasses)),
            ("featurePasses", .number(result.featurePasses)),
            ("seconds", .number(result.seconds)),
            ("loadSeconds", .number(loadSeconds)),
            ("computeSeconds", .number(result.computeSeconds)),
            ("communicationSeconds", .number(result.communicationSeconds)),
            ("transferSeconds", .number(result.transferSeconds)),
            ("allreduces", .integer(result.allreduces)),
            ("communicatedBytes", .integer(result.communicatedBytes)),
            ("nonFinite", .integer(result.nonFinite)),
            ("ranks", .integer(ranks)),
            ("threads", .integer(threads)),
            ("attempts", .integer(attempts)),
            ("model", .string(model)),
            ("l2", .number(l2)),
            ("rows", .integer(rows)),
            ("features", .integer(features)),
            ("version", .string(programVersion)),
            ("started", .string(started)),
            ("finished", .string(finished)),
            ("environment", environment.json),
            ("classes", classes.isEmpty ? .null : .array(classes.map { .string($0) })),
            ("train", train?.json ?? .null),
            ("validation", validation?.json ?? .null),
            ("test", test?.json ?? .null),
        ])
    }
}
