import BigBatch
import Platform

/// How a run stands, as far as its files tell.
public enum RunStage: Sendable, Equatable {
    /// There is no such folder, or no run in it.
    case absent
    /// No iteration has ended.
    case starting
    case training
    /// Nothing new for so many seconds, which is long for this run.
    case silent(seconds: Double)
    /// With the reason to stop, in words.
    case finished(String)
    /// Stopped before its end; it can go on.
    case interrupted(String)
    case failed(String)

    /// Whether nothing more is to be expected.
    public var isOver: Bool {
        switch self {
        case .finished, .interrupted, .failed: true
        case .absent, .starting, .training, .silent: false
        }
    }

    public var name: String {
        switch self {
        case .absent: "not there yet"
        case .starting: "starting"
        case .training: "training"
        case .silent: "silent"
        case .finished: "finished"
        case .interrupted: "interrupted"
        case .failed: "failed"
        }
    }

    package var look: StyledLine.Look {
        switch self {
        case .training, .finished: .good
        case .absent, .starting, .interrupted, .silent: .warning
        case .failed: .bad
        }
    }

    /// What the name does not say.
    public var explanation: String {
        switch self {
        case .absent: "no run is in this folder yet"
        case .starting: "the data is being read, λ is being chosen, or the first iteration has not ended"
        case .training: ""
        case .silent(let seconds):
            "no news for \(NumberFormat.duration(seconds)): a long iteration, or the run was killed"
        case .finished(let reason), .interrupted(let reason), .failed(let reason): reason
        }
    }
}

extension WatchedRun {
    public var stage: RunStage {
        let status = reader.status
        let reason = Self.words(status?["reason"]?.string ?? reader.result?["stopReason"]?.string ?? "")
        switch status?["state"]?.string {
        case "finished": return .finished(reason)
        case "interrupted": return .interrupted(reason)
        case "failed": return .failed(reason)
        case "running": break
        default:
            if reader.result != nil { return .finished(reason) }
        }
        guard reader.looksLikeARun else { return .absent }
        if let silence, silence > patience { return .silent(seconds: silence) }
        return latest == nil ? .starting : .training
    }

    /// Seconds without news that are nothing special: news come every half second, or with every iteration where those
    /// are longer; before the first one data is read, which may take long.
    package var patience: Double {
        guard latest != nil else { return 600 }
        var longest = 0.0
        var before: Double?
        for point in history.points.suffix(50) {
            longest = max(longest, point.record.seconds - (before ?? point.record.seconds))
            before = point.record.seconds
        }
        return max(20, 5 * longest)
    }

    /// A stored stop reason as a sentence; other words as they are.
    private static func words(_ stored: String) -> String { StopReason(rawValue: stored)?.explanation ?? stored }
}
