import BigBatch
import Platform

/// One line of `metrics.jsonl`: an iteration, or several short ones that share a line.
public struct MetricsLine: Sendable {
    /// The last iteration of the line; `trials` is summed over the line.
    public var record: IterationRecord
    /// The first iteration of the line.
    public var firstIteration: Int
    /// When the first iteration of the line began, in seconds since the start of training; NaN for a line that was read.
    package var start: Double

    package init(_ record: IterationRecord, start: Double) {
        self.record = record
        self.firstIteration = record.iteration
        self.start = start
    }

    /// Takes the next iteration into this line.
    package mutating func merge(_ next: IterationRecord) {
        let trials = record.trials
        let validationLoss = record.validationLoss
        record = next
        record.trials += trials
        record.validationLoss = next.validationLoss ?? validationLoss
    }

    package var json: JSON {
        var members: [(key: String, value: JSON)] = []
        if firstIteration != record.iteration { members.append(("firstIteration", .integer(firstIteration))) }
        members += [
            ("iteration", .integer(record.iteration)),
            ("seconds", .number(record.seconds)),
            ("gradientPasses", .number(record.gradientPasses)),
            ("featurePasses", .number(record.featurePasses)),
            ("batchSize", .integer(record.batchSize)),
            ("loss", .number(record.loss)),
            ("gradientNorm", .number(record.gradientNorm)),
            ("signalToNoise", .number(record.signalToNoise)),
            ("stepSize", .number(record.stepSize)),
            ("trials", .integer(record.trials)),
            ("allreduces", .integer(record.allreduces)),
            ("communicatedBytes", .integer(record.communicatedBytes)),
            ("computeSeconds", .number(record.computeSeconds)),
            ("communicationSeconds", .number(record.communicationSeconds)),
            ("transferSeconds", .number(record.transferSeconds)),
        ]
        if record.nonFinite > 0 { members.append(("nonFinite", .integer(record.nonFinite))) }
        if let loss = record.validationLoss { members.append(("validationLoss", .number(loss))) }
        return .object(members)
    }
}

/// Lines between the training loop, which appends, and the writer, which drains. Bounded: when the writer falls behind,
/// further iterations share the last line, so the loop never waits and no iteration is left out.
package struct MetricsRing: Sendable {
    private var lines: [MetricsLine?]
    private var head = 0
    package private(set) var count = 0
    private var lastSeconds = 0.0
    private var seen = 0
    private var isSealed = false
    /// The first iterations have a line each, however short they are.
    private let unmerged: Int
    /// Iterations shorter than this may share a line, up to this span.
    private let shortest: Double

    package init(capacity: Int = 4096, unmerged: Int = 1000, shortest: Double = 0.002) {
        lines = [MetricsLine?](repeating: nil, count: capacity)
        self.unmerged = unmerged
        self.shortest = shortest
    }

    /// The next iteration has a line of its own, unless there is no room for one.
    package mutating func seal() { isSealed = true }

    package mutating func append(_ record: IterationRecord) {
        let previous = lastSeconds
        lastSeconds = record.seconds
        seen += 1
        let last = (head + count - 1) % lines.count
        if count > 0, let line = lines[last] {
            let short = record.seconds - previous < shortest && record.seconds - line.start < shortest
            if count == lines.count || (short && seen > unmerged + 1 && !isSealed) {
                lines[last]?.merge(record)
                return
            }
        }
        isSealed = false
        lines[(head + count) % lines.count] = MetricsLine(record, start: previous)
        count += 1
    }

    /// Takes out all lines, oldest first.
    package mutating func drain() -> [MetricsLine] {
        var result: [MetricsLine] = []
        result.reserveCapacity(count)
        while count > 0 {
            if let line = lines[head] { result.append(line) }
            lines[head] = nil
            head = (head + 1) % lines.count
            count -= 1
        }
        return result
    }
}
