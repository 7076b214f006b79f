import BigBatch
import Evaluation
import Platform
import Telemetry

/// What follows from the files of a run: how it ended, how good the model is, where the time went.
extension ReportedRun {
    package enum State: Equatable {
        case ended(StopReason)
        /// Ended for a reason that this version does not know.
        case endedOtherwise(String)
        case running
        case interrupted(String)
        case failed(String)
        case unknown
    }

    package var state: State {
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
    package static let parts: [(key: String, name: String)] = [
        ("test", "test rows"), ("validation", "validation rows"), ("train", "training rows"),
    ]

    package func quality(_ part: String) -> Quality? { qualities.first { $0.part == part }?.quality }

    /// The part whose quality counts.
    package var judged: (name: String, quality: Quality)? { qualities.first.map { ($0.name, $0.quality) } }

    // The result of an earlier stop is overtaken by the metrics of a run that goes on.
    package var iterations: Int { max(result?["iterations"]?.integer ?? 0, history.last?.iteration ?? 0) }
    package var seconds: Double { max(result?["seconds"]?.double ?? 0, history.last?.seconds ?? 0) }
    package var passes: Double { max(result?["gradientPasses"]?.double ?? 0, history.last?.gradientPasses ?? 0) }
    package var bytes: Int { max(result?["communicatedBytes"]?.integer ?? 0, history.last?.communicatedBytes ?? 0) }
    /// N, if the run tells.
    package var rows: Int? { result?["rows"]?.integer }
    package var objective: Double? { result?["objective"]?.double }
    package var ranks: Int? { status?["ranks"]?.integer ?? result?["ranks"]?.integer }
    package var threads: Int? { status?["threads"]?.integer ?? result?["threads"]?.integer }

    /// Where each start of the run ran; of runs without such events, where the last one did.
    package var environments: [(attempt: Int, environment: JSON)] {
        let told = events("start", "restart").compactMap { event in
            event.json["environment"].map { (attempt: event.attempt ?? 1, environment: $0) }
        }
        if !told.isEmpty { return told }
        return result?["environment"].map { [(attempt: 1, environment: $0)] } ?? []
    }
    package var classes: [String] { result?["classes"]?.array?.map { $0.string ?? "" } ?? [] }

    package func events(_ kinds: String...) -> [RunEvent] { events.filter { kinds.contains($0.kind) } }

    /// How often the run was started again.
    package var restarts: Int { events("restart").count }

    // MARK: - Time

    /// Parts of the time of rank 0, in seconds.
    package struct TimeSplit {
        package enum Part: Int, CaseIterable {
            case input, compute, transfer, waiting, checkpoint, other

            package var name: String {
                switch self {
                case .input: "reading input"
                case .compute: RunFigure.computing.name
                case .transfer: RunFigure.transfer.name
                case .waiting: RunFigure.waiting.name
                case .checkpoint: "checkpoints"
                case .other: "everything else"
                }
            }
        }

        package var seconds = [Double](repeating: 0, count: Part.allCases.count)
        package var total: Double { seconds.reduce(0, +) }

        package subscript(part: Part) -> Double {
            get { seconds[part.rawValue] }
            set { seconds[part.rawValue] = newValue.isFinite ? max(0, newValue) : 0 }
        }
    }

    package var timeSplit: TimeSplit {
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
    package var modelText: String {
        let name = result?["model"]?.string ?? option("model") ?? "a model"
        switch name {
        case "ridge": return "a linear model (squared error)"
        case "logistic", "softmax", "huber", "poisson", "squared-hinge": return "a linear model (\(name))"
        case "auto": return "a model"
        default: return option("network") == nil && name == "network" ? "a network" : "a network (\(name))"
        }
    }

    /// The last part of the data's path.
    package var dataText: String? {
        guard let data = option("data") else { return nil }
        let names = data.split(separator: ", ").map { $0.split(separator: "/").last.map(String.init) ?? String($0) }
        guard let first = names.first else { return nil }
        return names.count > 1 ? "\(first) and \(names.count - 1) more files" : first
    }
}
