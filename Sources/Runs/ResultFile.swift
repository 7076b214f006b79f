import BigBatch
import Evaluation
import Platform
import Selection
import Telemetry

/// `result.json`: what a finished run knows about itself.
package struct ResultFile {
    package var result: TrainingResult
    package var objective: Double
    package var train: Quality?
    package var validation: Quality?
    package var test: Quality?
    /// Names of the labels, in the order of the confusion matrix.
    package var classes: [String] = []
    /// Name of the label's column, where it has one.
    package var label: String?
    package var model: String
    package var l2: Double
    /// How λ was chosen, where the data have chosen it.
    package var penalty: PenaltyCurve?
    /// Seconds that it took.
    package var penaltySeconds = 0.0
    package var rows: Int
    package var features: Int
    package var ranks: Int
    package var threads: Int
    /// Starts of the run; its work and its time are those of all of them.
    package var attempts: Int
    /// Of the last start.
    package var loadSeconds: Double
    package var environment: RunEnvironment
    /// What a linear model has learned.
    package var learned: LearnedModel?
    /// What a network leans on.
    package var importance: PermutationImportance?
    /// What a user should know beyond the numbers, as sentences.
    package var remarks: [String] = []
    /// ISO 8601, UTC.
    package var started: String
    package var finished: String

    package init(
        result: TrainingResult, objective: Double, train: Quality? = nil, validation: Quality? = nil,
        test: Quality? = nil, classes: [String] = [], model: String, l2: Double, rows: Int, features: Int, ranks: Int,
        threads: Int, attempts: Int, loadSeconds: Double, environment: RunEnvironment, remarks: [String] = [],
        started: String, finished: String
    ) {
        self.result = result
        self.objective = objective
        self.train = train
        self.validation = validation
        self.test = test
        self.classes = classes
        self.model = model
        self.l2 = l2
        self.rows = rows
        self.features = features
        self.ranks = ranks
        self.threads = threads
        self.attempts = attempts
        self.loadSeconds = loadSeconds
        self.environment = environment
        self.remarks = remarks
        self.started = started
        self.finished = finished
    }

    private static func json(_ test: SampleTest) -> JSON {
        .object([
            ("rows", .integer(test.rows)), ("newRows", .integer(test.newRows)), ("bound", .number(test.bound)),
            ("confidence", .number(test.confidence)),
        ])
    }

    package var json: JSON { .object(ending + costs + setting + worth) }

    private typealias Members = [(key: String, value: JSON)]

    /// Why it ended and where.
    private var ending: Members {
        [
            ("stopReason", .string(result.stopReason.rawValue)),
            ("converged", .bool(result.stopReason.isConvergence)),
            ("remarks", .array(remarks.map { .string($0) })),
            ("objective", .number(objective)),
            ("gradientNorm", .number(result.gradientNorm)),
            ("dualityGap", result.dualityGap.map { .number($0) } ?? .null),
            ("sampleTest", result.sampleTest.map(Self.json) ?? .null),
            ("certificatePasses", .number(result.certificatePasses)),
        ]
    }

    private var costs: Members {
        [
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
        ]
    }

    private var setting: Members {
        [
            ("ranks", .integer(ranks)),
            ("threads", .integer(threads)),
            ("attempts", .integer(attempts)),
            ("model", .string(model)),
            ("l2", .number(l2)),
            ("penalty", penalty?.json ?? .null),
            ("penaltySeconds", penalty == nil ? .null : .number(penaltySeconds)),
            ("rows", .integer(rows)),
            ("features", .integer(features)),
            ("version", .string(programVersion)),
            ("started", .string(started)),
            ("finished", .string(finished)),
            ("environment", environment.json),
        ]
    }

    /// What the model is worth.
    private var worth: Members {
        [
            ("classes", classes.isEmpty ? .null : .array(classes.map { .string($0) })),
            ("label", label.map { .string($0) } ?? .null),
            ("train", train?.json ?? .null),
            ("validation", validation?.json ?? .null),
            ("test", test?.json ?? .null),
            ("learned", learned?.json ?? .null),
            ("importance", importance?.json ?? .null),
        ]
    }
}
