import BigBatch
import Platform

/// Which of the configurations of a pilot to recommend: the default, unless another is faster beyond noise.
///
/// From the one with the least to choose on (`auto`, then what needs no tuning, then what does; fewer nodes, fewer ranks),
/// each of the others takes its place if it is faster by more than `tie` and the interval of their ratio lies below 1. The
/// intervals of all others hold together with 90 %: each has a confidence of 1 − 0.1/(others) (Bonferroni). Another way to
/// train must also have its range of runs below that of the way whose place it takes: what a single run may not show is not
/// worth options. A default whose runs the budget has ended counts with the time that they had, as it takes more.
package struct Choice {
    /// Faster by no more than this share is no reason to choose what is not the default.
    package static let tie = 0.05
    /// What may be faster by more than this share is said to be unknown.
    package static let resolution = 0.1
    /// The probability that some interval of all does not hold.
    private static let risk = 0.1

    /// Index in the file's configurations; nil: none reached the target, nor was ended before it could.
    package let chosen: Int?
    private let file: PilotFile
    private let ways: [Way]
    private let pooled: Deviation
    private let confidence: Double

    private struct Way {
        /// By the number of the run. One that did not reach the target counts with its whole length: it needs more.
        var times: [Int: Double] = [:]
        /// The least that a run had before it was ended from outside; nil: none was.
        var cutAt: Double?
    }

    package init(_ file: PilotFile) {
        let ways = file.configurations.map { configuration in
            var way = Way()
            for run in file.runs where run.method == configuration.method && run.ranks == configuration.ranks {
                way.times[run.number] = max(run.secondsToTarget ?? run.seconds, 1e-9)
                if run.secondsToTarget == nil, run.wasCutShort { way.cutAt = min(way.cutAt ?? .infinity, run.seconds) }
            }
            return way
        }
        var pooled = Deviation()
        for way in ways { pooled.add(Deviation(way.times.values.sorted().map { log($0) })) }
        let hasReached = file.configurations.map { $0.seconds != nil }
        let order = file.configurations.indices.filter {
            hasReached.contains(true) && (hasReached[$0] || ways[$0].cutAt != nil)
        }.sorted {
            Self.effort(file.configurations[$0]) < Self.effort(file.configurations[$1])
        }
        let confidence = 1 - Self.risk / Double(max(1, order.count - 1))
        /// By more than the tie, and beyond noise.
        func isFaster(_ other: Int, than current: Int) -> Bool {
            let ratio = Ratio(ways[other].times, over: ways[current].times, confidence: confidence, pooled: pooled)
            guard let ratio, ratio.isFaster else { return false }
            let (mine, theirs) = (file.configurations[other], file.configurations[current])
            guard mine.method != theirs.method else { return true }
            let least = theirs.runLow ?? (theirs.reached == 0 ? ways[current].cutAt : nil)
            return least.flatMap { least in mine.runHigh.map { $0 < least } } ?? false
        }
        var chosen = order.first
        // What has taken the place of the default may itself be slower than one that could not.
        for _ in 0..<3 {
            for other in order where other != chosen && hasReached[other] {
                if let current = chosen, isFaster(other, than: current) { chosen = other }
            }
        }
        self.file = file
        self.ways = ways
        self.pooled = pooled
        self.confidence = confidence
        self.chosen = chosen
    }

    /// What a configuration asks of people and machines; less is better.
    private static func effort(_ configuration: ConfigurationSummary) -> (Int, Int, Int, Double) {
        let options = configuration.method == .auto ? 0 : configuration.method.needsTuning ? 2 : 1
        return (options, configuration.nodes, configuration.ranks, configuration.seconds ?? .infinity)
    }

    /// How a configuration compares with the chosen one.
    package func standing(_ index: Int) -> (Standing?, Ratio?) {
        guard let chosen else { return (nil, nil) }
        guard file.configurations[chosen].seconds != nil else { return (.tooFewRuns, nil) }
        let ratio = Ratio(ways[index].times, over: ways[chosen].times, confidence: confidence, pooled: pooled)
        guard file.configurations[index].seconds != nil else {
            // The time that it had, which is less than the time that it takes, tells it is slower, or nothing.
            let isSlower = ways[index].cutAt == nil || ratio?.low.map { $0 > 1 } == true
            return (isSlower ? .slower : .cutShort, nil)
        }
        guard let ratio else { return (.tooFewRuns, nil) }
        guard let low = ratio.low else { return (.tooFewRuns, ratio) }
        if ratio.isFaster {
            let hasRanges = [index, chosen].allSatisfy { file.configurations[$0].runLow != nil }
            return (hasRanges ? .overlapping : .tooFewRuns, ratio)
        }
        return (low > 1 ? .slower : low >= 1 / (1 + Self.resolution) ? .alike : .unknown, ratio)
    }

    /// The time of the same method on one rank over that of a configuration, with the interval that holds with 90 %.
    package func ratioOfOneRank(to index: Int) -> Ratio? {
        let method = file.configurations[index].method
        return file.configurations.indices.first {
            file.configurations[$0].method == method && file.configurations[$0].ranks == 1
                && file.configurations[$0].seconds != nil
        }.flatMap { Ratio(ways[$0].times, over: ways[index].times, confidence: 0.9, pooled: pooled) }
    }
}

extension Ratio {
    fileprivate var isFaster: Bool { high.map { $0 < 1 } == true && value < 1 - Choice.tie }
}

extension PilotRun {
    /// A limit or a signal ended it, not its own rules.
    fileprivate var wasCutShort: Bool {
        switch StopReason(rawValue: stopReason) {
        case .timeLimit, .passLimit, .iterationLimit, .signal: true
        default: false
        }
    }
}
