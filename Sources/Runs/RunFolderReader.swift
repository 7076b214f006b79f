import BigBatch
import Platform
import Telemetry

/// Reads the folder of a run that goes on or has ended, as often as wanted: every `refresh` yields what is new.
///
/// Files may be missing, and the last line of a file may be half written: what is not there yet is read the next time.
public struct RunFolderReader: Sendable {
    /// What a `refresh` found.
    public struct Update: Sendable {
        /// The run began anew or went back to a checkpoint: `lines` and `events` hold all of it, not what is new.
        public var linesRestarted = false
        public var eventsRestarted = false
        public var lines: [MetricsLine] = []
        public var events: [RunEvent] = []

        public var isEmpty: Bool { !linesRestarted && !eventsRestarted && lines.isEmpty && events.isEmpty }
    }

    public let path: String
    /// `result.json`: there once the run has ended.
    public private(set) var result: JSON?
    /// `status.json`: "running", "finished", "interrupted" or "failed", and why.
    public private(set) var status: JSON?
    /// The text of `config.yaml`.
    public private(set) var configuration: String?
    /// Whole lines that cannot be read.
    public var spoiltLines: Int { spoiltMetrics.count + spoiltEvents.count }
    private var spoiltMetrics = SpoiltLines(file: "metrics.jsonl")
    private var spoiltEvents = SpoiltLines(file: "events.jsonl")
    /// Files that cannot be read, and what is wrong with `result.json` and `status.json`, which are then left out: a sentence
    /// each, with its file.
    public private(set) var faults: [String] = []
    /// Whether there is a `metrics.jsonl` and an `events.jsonl`.
    public private(set) var hasMetrics = false
    public private(set) var hasEvents = false

    private var metricsFile: LineFollower
    private var eventsFile: LineFollower

    public init(path: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        metricsFile = LineFollower(path: path + "/metrics.jsonl")
        eventsFile = LineFollower(path: path + "/events.jsonl")
    }

    /// Whether the folder holds anything that a run writes.
    public var looksLikeARun: Bool { hasMetrics || hasEvents || result != nil || status != nil || configuration != nil }

    public mutating func refresh() -> Update {
        var update = Update()
        refresh(
            linesRestart: { update.linesRestarted = true }, line: { update.lines.append($0) },
            eventsRestart: { update.eventsRestarted = true }, event: { update.events.append($0) })
        return update
    }

    /// Reads all, and gives the last iteration that can be read.
    public mutating func lastRecord() -> IterationRecord? {
        var last: IterationRecord?
        refresh(linesRestart: { last = nil }, line: { last = $0.record }, eventsRestart: {}, event: { _ in })
        return last
    }

    /// The same for long runs: hands on each line instead of keeping it.
    /// - Parameters:
    ///   - linesRestart: called first when all lines follow instead of the new ones; so is `eventsRestart`.
    package mutating func refresh(
        linesRestart: () -> Void, line: (MetricsLine) -> Void, eventsRestart: () -> Void, event: (RunEvent) -> Void
    ) {
        // The small files first: what they tell is then no newer than the lines.
        faults = unreadable
        result = document("result.json")
        status = document("status.json")
        configuration = text("config.yaml")
        var spoilt = spoiltMetrics
        var state = LineFollower.State.missing
        metricsFile.read(
            begin: {
                state = $0
                if $0 != .continued { spoilt.forget() }
                if $0 == .restarted { linesRestart() }
            },
            line: { bytes, number in
                if let record = MetricsLine(bytes: bytes) { line(record) } else { spoilt.add(number) }
            })
        hasMetrics = state != .missing
        spoiltMetrics = spoilt
        spoilt = spoiltEvents
        eventsFile.read(
            begin: {
                state = $0
                if $0 != .continued { spoilt.forget() }
                if $0 == .restarted { eventsRestart() }
            },
            line: { bytes, number in
                if let record = RunEvent(bytes: bytes) { event(record) } else { spoilt.add(number) }
            })
        hasEvents = state != .missing
        spoiltEvents = spoilt
    }

    /// Files that are there and not for this user.
    private var unreadable: [String] {
        ["result.json", "status.json", "config.yaml", "metrics.jsonl", "events.jsonl"].compactMap { name in
            let path = path + "/" + name
            guard access(path, F_OK) == 0, access(path, R_OK) != 0 else { return nil }
            return "\(name) cannot be read: \(String(cString: strerror(errno)).lowercased())."
        }
    }

    private mutating func document(_ name: String) -> JSON? {
        guard let text = text(name) else { return nil }
        do {
            let json = try JSON(text: text)
            let fault = json.members == nil ? "it holds no JSON object" : RunNumbers.fault(in: json)
            guard let fault else { return json }
            faults.append("\(name) is damaged and left out: \(fault).")
        } catch {
            faults.append("\(name) is damaged and left out: \(error).")
        }
        return nil
    }

    /// What cannot be read of the run, as sentences that begin with the file's name: one a file.
    public var gaps: [String] { faults + lineGaps }

    /// Those of `metrics.jsonl` and `events.jsonl`.
    public var lineGaps: [String] { [spoiltMetrics, spoiltEvents].compactMap(\.text) }

    /// Why `path` is no folder that can be read; nil: it is one.
    package static func fault(ofFolder path: String) -> String? {
        guard let folder = opendir(path) else {
            return errno == ENOTDIR ? "it is a file" : String(cString: strerror(errno)).lowercased()
        }
        closedir(folder)
        return nil
    }

    private func text(_ name: String) -> String? { try? WholeFile.text(of: path + "/" + name) }
}

/// Lines of a file that cannot be read.
private struct SpoiltLines: Sendable {
    let file: String
    private(set) var count = 0
    private var first = 0
    private var last = 0

    init(file: String) { self.file = file }

    /// An overlong line comes twice.
    mutating func add(_ number: Int) {
        guard number != last else { return }
        if count == 0 { first = number }
        last = number
        count += 1
    }

    mutating func forget() { self = SpoiltLines(file: file) }

    var text: String? {
        guard count > 1 else { return count == 0 ? nil : "\(file), line \(first), cannot be read and is left out." }
        return
            "\(file): \(NumberFormat.count(count)) lines cannot be read and are left out, the first of them line \(first)."
    }
}
