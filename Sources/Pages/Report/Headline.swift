import BigBatch
import Evaluation
import Platform

/// The answer in short: what was trained, how good it is, why it ended, where the time went.
package struct Headline {
    package let run: ReportedRun

    package var sentences: [String] { [verdict, trained, quality, ending].compactMap { $0 } + remarks }

    /// That the model is worth nothing comes first.
    private var verdict: String? {
        run.judged.flatMap { $0.quality.verdict(rows: $0.name, classes: run.classes) }
    }

    private var remarks: [String] {
        // What is learned by heart is no measure.
        let unseen =
            run.qualities.first?.part == "train"
            ? [
                "These are the rows that it was trained on; how it does on others is not known. '--test 0.2' holds some back."
            ] : []
        return unseen + (run.result?["remarks"]?.array?.compactMap(\.string) ?? [])
    }

    private var trained: String {
        var text = run.state == .running ? "Training " : "Trained "
        text += run.modelText
        if let data = run.dataText { text += " on \(data)" }
        var facts: [String] = []
        if let rows = run.rows { facts.append("\(NumberFormat.count(rows)) rows") }
        if let features = run.result?["features"]?.integer { facts.append("\(NumberFormat.count(features)) features") }
        if run.classes.count > 1 { facts.append("\(run.classes.count) classes") }
        if !facts.isEmpty { text += " (\(facts.joined(separator: ", ")))" }
        return text + "."
    }

    private var quality: String? {
        guard let judged = run.judged else { return nil }
        let quality = judged.quality
        let rows = "the \(NumberFormat.count(quality.rows)) \(judged.name)"
        guard quality.beatsBaseline != false, !quality.mayBeChance else { return nil }
        if let accuracy = quality.accuracy {
            let nothing =
                quality.baseline.flatMap { baseline in
                    baseline.accuracy.map {
                        "; always answering \(baseline.answer(run.classes)) would be right on "
                            + NumberFormat.share($0, of: quality.rows)
                    }
                } ?? ""
            let auc = quality.auc?.value.map { "; area under the ROC curve \(NumberFormat.fixed($0, 4))" } ?? ""
            let sure = interval("accuracy", quality)
            return
                "The model is right on \(NumberFormat.share(accuracy, of: quality.rows)) of \(rows)\(sure)\(nothing)\(auc)."
        }
        guard let rmse = quality.rmse else { return nil }
        let r2 = quality.r2.map { "; it explains \(NumberFormat.fixed(100 * $0, 1)) % of the label's variance" } ?? ""
        let nothing =
            quality.baseline?.rmse.map { ", that of always answering the mean \(NumberFormat.significant($0, 4))" }
            ?? ""
        let sure = interval("rmse", quality)
        return "On \(rows) its root mean squared error is \(NumberFormat.significant(rmse, 4))\(sure)\(nothing)\(r2)."
    }

    private func interval(_ key: String, _ quality: Quality) -> String {
        let figure = Figure.all.first { $0.key == key }
        return figure?.intervalText(of: quality).map { " (95 % interval \($0))" } ?? ""
    }

    private var ending: String {
        let work =
            "\(NumberFormat.duration(run.seconds)), \(NumberFormat.count(run.iterations)) iterations and "
            + "\(NumberFormat.significant(run.passes, 3)) passes over the data"
        switch run.state {
        case .ended(let reason): return "It ended after \(work). \(reason.explanation)\(timeText)"
        case .endedOtherwise(let reason): return "It ended after \(work): \(reason).\(timeText)"
        case .running: return "It goes on, so far for \(work).\(timeText)"
        case .interrupted(let reason):
            return
                "It was interrupted after \(work)\(reason.isEmpty ? "" : " (\(reason))"); the same command goes on with it."
        case .failed(let reason): return "It failed after \(work)\(reason.isEmpty ? "." : ": \(reason).")"
        case .unknown:
            return "There is no result.json: the run goes on or was killed. Its last record is of \(work).\(timeText)"
        }
    }

    /// The largest parts of the time.
    private var timeText: String {
        let split = run.timeSplit
        guard split.total > 0 else { return "" }
        let parts = ReportedRun.TimeSplit.Part.allCases.filter { split[$0] / split.total >= 0.05 }
            .sorted { split[$0] > split[$1] }.prefix(3)
        let texts = parts.enumerated().map { place, part in
            NumberFormat.percent(split[part] / split.total) + (place == 0 ? " of the time went" : "")
                + " into \(part.name)"
        }
        return texts.isEmpty ? "" : " \(texts.joined(separator: ", "))."
    }

    /// The figures that people look for first.
    package var figures: [(name: String, value: String)] {
        var figures: [(name: String, value: String)] = []
        if let judged = run.judged, let score = Figure.all.first(where: { $0.value(of: judged.quality) != nil }) {
            figures.append(("\(score.name), \(judged.name)", score.text(of: judged.quality)))
        }
        if let objective = run.objective {
            figures.append(("objective", NumberFormat.significant(objective, 5)))
        } else if let last = run.history.last {
            figures.append(("objective on the last batch", NumberFormat.significant(last.loss, 5)))
        }
        if let gap = run.result?["dualityGap"]?.double {
            figures.append(("at most above the optimum (duality gap)", NumberFormat.significant(gap, 2)))
        }
        figures.append(("training time", NumberFormat.duration(run.seconds)))
        figures.append(("passes over the data", NumberFormat.significant(run.passes, 3)))
        if let last = run.history.last {
            figures.append(("rows in the last batch", NumberFormat.count(last.batchSize)))
        }
        if let ranks = run.ranks, let threads = run.threads {
            figures.append(("ranks × threads", "\(NumberFormat.count(ranks)) × \(threads)"))
        }
        if run.bytes > 0 { figures.append(("communicated by each rank", NumberFormat.bytes(run.bytes))) }
        if run.restarts > 0 { figures.append(("restarts", "\(run.restarts)")) }
        return figures
    }
}
