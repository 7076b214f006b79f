import Cluster
import MPI
import Platform
import Runs
import Telemetry

/// Why a run shall stop before it is done, as one rank knows it.
enum StopCause: Equatable {
    case signal(Int32)
    /// The job's time is nearly over.
    case endTime
    /// Another start has taken the run's folder over.
    case lostFolder

    /// For a reduction: the largest counts.
    var code: Int32 {
        switch self {
        case .signal(let number): number
        case .endTime: 1000
        case .lostFolder: 2000
        }
    }

    /// nil: 0, there is none.
    init?(code: Int32) {
        switch code {
        case 0: return nil
        case 1000: self = .endTime
        case 2000: self = .lostFolder
        default: self = .signal(code)
        }
    }

    /// In `status.json`.
    var name: String {
        switch self {
        case .signal(let number): Signals.name(number)
        case .endTime: "endTime"
        case .lostFolder: "lostFolder"
        }
    }

    /// That, for people.
    var sentence: String {
        switch self {
        case .signal(let number): "Stopped by \(Signals.name(number))."
        case .endTime: "Stopped because the job's time is nearly over."
        case .lostFolder: "Stopped."
        }
    }

    func explanation(folder: String, _ end: TrainingEnd) -> String {
        let place =
            switch end.checkpoint {
            case 0: "from the beginning, for there is no checkpoint"
            case end.result.iterations: "from here"
            default: "from iteration \(NumberFormat.count(end.checkpoint)), its last checkpoint"
            }
        return sentence + " The same command goes on \(place), with --output \(ShellWord.quoted(folder))."
    }

    /// Code that the program ends with.
    var exitCode: Int32 {
        switch self {
        case .signal(let number) where number != Signals.finish: ExitCode.stopped(by: number)
        case .signal, .endTime: ExitCode.interrupted
        case .lostFolder: ExitCode.failure
        }
    }
}

/// Asks, before every reduction, whether the run shall stop.
struct StopRequest {
    /// When the job's time is over, in monotonic seconds; nil: never, or another rank looks at the clock.
    private let end: Double?
    /// Kept free before it, besides what the run tells of itself.
    private let margin: Double
    private let attempt: RunAttempt?
    /// Seconds that stopping takes.
    private let needed: () -> Double

    /// - Parameters:
    ///   - moment: the end of the job's time, of the local clock since 1970.
    ///   - start: when this program began, in monotonic seconds.
    init(end moment: Double?, start: Double, attempt: RunAttempt?, needed: @escaping () -> Double) {
        let end = moment.map { monotonicSeconds() + $0 - unixSeconds() }
        self.end = end
        // A minute, or less of a job that has only some.
        margin = end.map { min(60, max(5, 0.1 * ($0 - start))) } ?? 0
        self.attempt = attempt
        self.needed = needed
    }

    var cause: StopCause? {
        if attempt?.isLost == true { return .lostFolder }
        if let end, monotonicSeconds() >= end - margin - needed() { return .endTime }
        return Signals.received != 0 ? .signal(Signals.received) : nil
    }

    /// What Slurm has told the job's processes, which 22.05 does not.
    static var endOfSlurmJob: Double? { Environment["SLURM_JOB_END_TIME"].flatMap { Double($0) } }
}
