import BigBatch

/// What follows from the files of a run: how it ended, how good the model is, where the time went.
extension ReportedRun {
    enum State: Equatable {
        case ended(StopReason)
        /// Ended for a reason that this version does not know.
        case endedOtherwise(String)
        case running
        case interrupted(String)
        case failed(String)
        case unknown
    }

    var state: State {
        // A run that was stopped before its end leaves a result too, and goes on beside it.
        let reason = status?["reason"]?.string ?? ""
        switch status?["state"]?.string {
        case "running": return .running
        case "interrupted": return .interrupted(reason)
        case "failed" where StopReason(rawValue: reason) == nil: return .failed(reason)
        default: break
        }
        guard let reason = result?["stopReason"]?.string else { return .unknown }
        return StopReason(rawValue: reason).map { .ended($0) } ?? .endedOtherwise(reason)
    }

    /// Rows that a model was judged on: those that tell most come first.
    static let parts: [(key: String, name: String)] = [
        ("test", "test rows"), ("validation", "rows held back"), ("train", "training rows"),
    ]

    /// The part whose quality counts, and what it is called.
    var judged: (key: String, name: String, quality: JSON)? {
        for (key, name) in Self.parts {
            if let quality = result?[key], quality.members != nil { return (key, name, quality) }
        }
        return nil
    }

    // The result of an earlier stop is overtaken by the metrics of a run that goes on.
    var iterations: Int { max(result?["iterations"]?.integer ?? 0, history.last?.iteration ?? 0) }
    var seconds: Double { max(result?["seconds"]?.double ?? 0, history.last?.seconds ?? 0) }
    var passes: Double { max(result?["gradientPasses"]?.double ?? 0, history.last?.gradientPasses ?? 0) }
    var bytes: Int { max(result?["communicatedBytes"]?.integer ?? 0, history.last?.communicatedBytes ?? 0) }
    /// N, if the run tells.
    var rows: Int? { result?["rows"]?.integer }
    var objective: Double? { result?["objective"]?.double }
    var ranks: Int? { status?["ranks"]?.integer ?? result?["ranks"]?.integer }
    var threads: Int? { status?["threads"]?.integer ?? result?["threads"]?.integer }

    /// Where each start of the run ran; of runs without such events, where the last one did.
    var environments: [(attempt: Int, environment: JSON)] {
        let told = events("start", "restart").compactMap { event in
            event.json["environment"].map { (attempt: event.attempt ?? 1, environment: $0) }
        }
        if !told.isEmpty { return told }
        return result?["environment"].map { [(attempt: 1, environment: $0)] } ?? []
    }
    var classes: [String] { result?["classes"]?.array?.map { $0.string ?? "" } ?? [] }

    func events(_ kinds: String...) -> [RunEvent] { events.filter { kinds.contains($0.kind) } }

    /// How often the run was started again.
    var restarts: Int { events("restart").count }

    // MARK: - Time

    /// Parts of the time of rank 0, in seconds.
    struct TimeSplit {
        enum Part: Int, CaseIterable {
            case input, compute, transfer, waiting, checkpoint, other

            var name: String {
                switch self {
                case .input: "reading input"
                case .compute: "computing"
                case .transfer: "communication"
                case .waiting: "waiting for other ranks"
                case .checkpoint: "checkpoints"
                case .other: "everything else"
                }
            }
        }

        var seconds = [Double](repeating: 0, count: Part.allCases.count)
        var total: Double { seconds.reduce(0, +) }

        subscript(part: Part) -> Double {
            get { seconds[part.rawValue] }
            set { seconds[part.rawValue] = newValue.isFinite ? max(0, newValue) : 0 }
        }
    }

    var timeSplit: TimeSplit {
        var split = TimeSplit()
        let last = history.last
        split[.input] = result?["loadSeconds"]?.double ?? 0
        split[.compute] = max(result?["computeSeconds"]?.double ?? 0, last?.computeSeconds ?? 0)
        let communication = max(result?["communicationSeconds"]?.double ?? 0, last?.communicationSeconds ?? 0)
        split[.transfer] = max(result?["transferSeconds"]?.double ?? 0, last?.transferSeconds ?? 0)
        split[.waiting] = communication - split[.transfer]
        split[.checkpoint] = events("checkpoint").reduce(0) { $0 + ($1.json["stallSeconds"]?.double ?? 0) }
        split[.other] = seconds - split[.compute] - communication - split[.checkpoint]
        return split
    }

    // MARK: - Words

    /// "a linear model (softmax)".
    var modelText: String {
        let name = result?["model"]?.string ?? option("model") ?? "a model"
        switch name {
        case "ridge": return "a linear model (squared error)"
        case "logistic", "softmax", "huber", "poisson", "squared-hinge": return "a linear model (\(name))"
        case "auto": return "a model"
        default: return option("network") == nil && name == "network" ? "a network" : "a network (\(name))"
        }
    }

    /// The last part of the data's path.
    var dataText: String? {
        guard let data = option("data") else { return nil }
        let names = data.split(separator: ", ").map { $0.split(separator: "/").last.map(String.init) ?? String($0) }
        guard let first = names.first else { return nil }
        return names.count > 1 ? "\(first) and \(names.count - 1) more files" : first
    }

    /// The first figure of a quality: accuracy 0.965 or RMSE 12.3.
    static func score(_ quality: JSON) -> (name: String, text: String)? {
        for figure in figures where quality[figure.key]?.double != nil {
            return (figure.name, figure.text(in: quality))
        }
        return nil
    }

    /// A figure that tells how good a model is.
    struct Figure: Sendable {
        var key: String
        var name: String
        var explanation: String
        var higherIsBetter: Bool
        var digits: Int

        func text(in quality: JSON) -> String {
            guard let member = quality[key] else { return "–" }
            guard let value = member.double else { return "undefined" }
            return key == "accuracy"
                ? NumberFormat.share(value, of: quality["rows"]?.integer ?? 0)
                : higherIsBetter ? NumberFormat.fixed(value, digits) : NumberFormat.significant(value, digits)
        }
    }

    static let figures = [
        Figure(
            key: "accuracy", name: "accuracy", explanation: "share of the rows whose class is right",
            higherIsBetter: true,
            digits: 4),
        Figure(
            key: "auc", name: "area under the ROC curve",
            explanation: "the chance that a positive row gets a higher score than another one", higherIsBetter: true,
            digits: 4),
        Figure(
            key: "logLoss", name: "log loss",
            explanation: "mean of −ln of the probability that the model gives to the right class",
            higherIsBetter: false,
            digits: 4),
        Figure(
            key: "rmse", name: "root mean squared error", explanation: "in units of the label", higherIsBetter: false,
            digits: 4),
        Figure(
            key: "r2", name: "R²", explanation: "share of the label's variance that the model explains",
            higherIsBetter: true, digits: 4),
        Figure(
            key: "loss", name: "mean loss", explanation: "as in training, without the penalty", higherIsBetter: false,
            digits: 4),
    ]
}

extension NumberFormat {
    /// A share of so many rows as a percentage, with the digits that they bear: 0.965 of 200 rows is 96.5 %.
    static func share(_ share: Double, of rows: Int) -> String {
        share == 1 ? "100 %" : fixed(100 * share, rows < 2000 ? 1 : 2) + " %"
    }
}
