import BigBatch
import Datasets
import Platform

/// What is to come, in words, as far as options and pace tell: limits with the time left, and what ends or changes the
/// run.
package enum Outlook {
    package static func sentences(_ run: WatchedRun) -> [String] {
        guard let latest = run.latest, !run.stage.isOver else { return [] }
        let options = run.configuration
        return [
            growth(run, latest, options), validation(run, options), convergence(run, options),
            limit(run, latest, options), checkpoint(run, latest),
        ].compactMap { $0 }
    }

    /// θ²‖g‖² ≤ noise makes the batch grow: a ratio of signal to noise below 1/θ².
    private static func growth(_ run: WatchedRun, _ latest: IterationRecord, _ options: ConfigurationText) -> String? {
        guard options.text("growth") == "jump", let theta = options.number("theta"), theta > 0,
            latest.signalToNoise.isFinite, latest.batchSize > 0
        else { return nil }
        if let limit = options.number("largest-batch"), Double(latest.batchSize) >= limit { return nil }
        return "the batch grows when signal to noise falls below \(NumberFormat.significant(1 / (theta * theta), 2))"
    }

    private static func validation(_ run: WatchedRun, _ options: ConfigurationText) -> String? {
        guard let patience = options.number("patience"), let best = run.bestValidation else { return nil }
        let left = Int(saturating: min(patience, 1e15)) - best.evaluationsSince
        guard left > 0 else { return nil }
        return "ends when the validation loss finds no new best in \(left) more evaluation\(left == 1 ? "" : "s")"
    }

    /// On all rows the run ends after two successive iterations whose estimated gap, the last gain among the estimates,
    /// is at most a fifth of the tolerance.
    private static func convergence(_ run: WatchedRun, _ options: ConfigurationText) -> String? {
        guard let tolerance = options.number("tolerance"), tolerance > 0, run.validation.isEmpty else { return nil }
        let losses = run.history.points.suffix(6).filter { !$0.record.signalToNoise.isFinite }.map(\.meanLoss)
        guard losses.count >= 2 else { return nil }
        let gain = (losses[losses.count - 2] - losses[losses.count - 1]) / losses[losses.count - 1].magnitude
        guard gain.isFinite, gain > 0 else { return nil }
        return "ends when an iteration gains less than about \(NumberFormat.percent(tolerance / 5)) of the objective; "
            + "the last one gained \(NumberFormat.percent(gain))"
    }

    /// The limit that is nearest at the present pace.
    private static func limit(_ run: WatchedRun, _ latest: IterationRecord, _ options: ConfigurationText) -> String? {
        var limits: [(seconds: Double, text: String)] = []
        if let pace = run.pace {
            if let passes = options.number("max-epochs"), pace.passes > 0 {
                limits.append(((passes - latest.gradientPasses) / pace.passes, "\(compact(passes)) passes"))
            }
            if let count = options.number("max-iterations"), pace.iterations > 0 {
                limits.append(
                    ((count - Double(latest.iteration)) / pace.iterations, "\(compact(count)) iterations"))
            }
        }
        if let limit = options.number("time-limit") {
            limits.append((limit - latest.seconds, "the time limit of \(NumberFormat.duration(limit))"))
        }
        guard let next = limits.min(by: { $0.seconds < $1.seconds }), next.seconds > 0 else { return nil }
        return "ends at \(next.text) at the latest, in about \(NumberFormat.duration(next.seconds)) at this pace"
    }

    private static func checkpoint(_ run: WatchedRun, _ latest: IterationRecord) -> String? {
        guard let last = run.events.last(where: { $0.kind == "checkpoint" }), let seconds = last.seconds,
            latest.seconds >= seconds
        else { return nil }
        return
            "a crash now would cost \(NumberFormat.duration(latest.seconds - seconds)) of training: the last checkpoint "
            + "is after iteration \(NumberFormat.count(last.iteration ?? 0))"
    }

    private static func compact(_ value: Double) -> String { NumberFormat.significant(value, 6) }
}

extension WatchedRun {
    package struct Pace {
        /// All of them per second of training.
        package var passes: Double
        package var iterations: Double
    }

    /// Over the last half minute or so.
    package var pace: Pace? {
        guard let latest, let before = history.point(before: 30)?.record, latest.seconds > before.seconds else {
            return nil
        }
        let seconds = latest.seconds - before.seconds
        return Pace(
            passes: (latest.gradientPasses - before.gradientPasses) / seconds,
            iterations: Double(latest.iteration - before.iteration) / seconds)
    }

    /// The lowest loss on the rows held back, and how many evaluations have followed it.
    package var bestValidation: (iteration: Int, loss: Double, evaluationsSince: Int)? {
        var best: Int?
        for (index, entry) in validation.enumerated() where entry.loss < best.map({ validation[$0].loss }) ?? .infinity
        {
            best = index
        }
        return best.map { (validation[$0].iteration, validation[$0].loss, validation.count - 1 - $0) }
    }
}
