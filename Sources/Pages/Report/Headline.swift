import BigBatch
import Evaluation
import Platform

/// The answer in short: what was trained, how good it is, why it ended, where the time went.
package struct Headline {
    package let run: ReportedRun

    /// Whether it is any good first, then what drives it, what it cost, and how it ended.
    package var sentences: [String] {
        [subject, verdict, quality, weakness].compactMap { $0 } + remarks + [drivers].compactMap { $0 }
            + [trained + cost, ending]
    }

    /// That the model is worth nothing comes first.
    private var verdict: String? {
        run.judged.flatMap { $0.quality.verdict(rows: $0.name, classes: run.classes) }
    }

    private var remarks: [String] { run.result?["remarks"]?.array?.compactMap(\.string) ?? [] }

    /// What is predicted, and whether it is known how well.
    private var subject: String? {
        // What is learned by heart is no measure.
        let unseen =
            !isUnseen && !run.qualities.isEmpty
            ? "How good it is on new rows is not known: all figures are of the rows that it was trained on "
                + "('crescendo train … --test 0.2' holds some back)." : nil
        let label = run.result?["label"]?.string ?? run.option("label")
        let classes = run.classes.prefix(6).joined(separator: ", ") + (run.classes.count > 6 ? ", …" : "")
        let predicts = label.map { "The model predicts \($0)\(run.classes.isEmpty ? "" : " (\(classes))")." }
        let parts = [predicts, unseen].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    /// For which rows it is not good.
    private var weakness: String? { run.judged?.quality.weakness(run.classes) }

    /// The columns that move the answer most.
    private var drivers: String? {
        guard let learned = run.result?["learned"].flatMap({ LearnedModel(json: $0) }) else {
            let columns = run.result?["importance"].flatMap { PermutationImportance(json: $0) }?.columns ?? []
            let names = columns.filter { $0.increase > 0 }.prefix(3).map(\.name)
            return names.isEmpty ? nil : "It leans most on \(names.joined(separator: ", "))."
        }
        let columns = learned.columns.filter { $0.influence > 0 }.prefix(3)
        guard !columns.isEmpty else { return nil }
        return
            "What moves its answers most, here \(learned.effectText): \(columns.map(learned.short).joined(separator: ", "))."
    }

    /// Time and processors, of all ranks.
    private var cost: String {
        guard run.seconds > 0 else { return "" }
        let loading = run.result?["loadSeconds"]?.double
        let parts =
            (loading.map { "\(NumberFormat.duration($0)) of loading and " } ?? "")
            + "\(NumberFormat.duration(run.seconds)) of training"
        guard let ranks = run.ranks, let threads = run.threads else { return " That took \(parts)." }
        let cores = ranks * threads
        let time = NumberFormat.coreTime(hours: (run.seconds + (loading ?? 0)) * Double(cores) / 3600)
        return " That took \(parts) on \(NumberFormat.count(cores)) core\(cores == 1 ? "" : "s"): \(time)."
    }

    private var trained: String {
        var text = run.state == .running ? "Training " : "Trained "
        text += run.modelText
        if let data = run.dataText { text += " on \(data)" }
        var facts: [String] = []
        if let rows = run.rows { facts.append("\(NumberFormat.count(rows)) rows") }
        if let features = run.result?["features"]?.integer {
            let columns = run.result?["learned"]?["columnCount"]?.integer
            let start = columns.map { $0 < features ? "\(NumberFormat.count($0)) columns that became " : "" } ?? ""
            facts.append(start + "\(NumberFormat.count(features)) features")
        }
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
                        ", \(NumberFormat.fixed(100 * (accuracy - $0), 1)) points more than always answering "
                            + "\(baseline.answer(run.classes)), which would be right on "
                            + NumberFormat.share($0, of: quality.rows)
                    }
                } ?? ""
            let auc = quality.auc?.value.map { "; area under the ROC curve \(NumberFormat.fixed($0, 4))" } ?? ""
            let sure = interval("accuracy", quality)
            return
                "\(isUnseen ? "The model is better than nothing: right" : "It is right") on \(NumberFormat.share(accuracy, of: quality.rows)) of \(rows)\(sure)\(nothing)\(auc)."
        }
        guard let rmse = quality.rmse else { return nil }
        let r2 = quality.r2.map { "; it explains \(NumberFormat.fixed(100 * $0, 1)) % of the label's variance" } ?? ""
        let nothing =
            quality.baseline?.rmse.map { ", that of always answering the mean \(NumberFormat.significant($0, 4))" }
            ?? ""
        let sure = interval("rmse", quality)
        return
            "\(isUnseen ? "The model is better than nothing: on" : "On") \(rows) its root mean squared error is \(NumberFormat.significant(rmse, 4))\(sure)\(nothing)\(r2)."
    }

    private var isUnseen: Bool { run.qualities.first?.part != "train" }

    private func interval(_ key: String, _ quality: Quality) -> String {
        let figure = Figure.all.first { $0.key == key }
        return figure?.intervalText(of: quality).map { " (95 % interval \($0))" } ?? ""
    }

    private var ending: String {
        let work =
            "\(NumberFormat.duration(run.seconds)), \(NumberFormat.count(run.iterations)) iterations and "
            + "\(NumberFormat.significant(run.passes, 3)) passes over the data"
        switch run.state {
        case .ended(let reason):
            guard reason.isConvergence else { return "Training ended early. \(reason.explanation)\(timeText)" }
            let why =
                switch reason {
                case .validationPlateau: ": the validation rows no longer got better, and the best model was kept"
                case .lineSearchExhausted: ", as far as arithmetic allows"
                default: ": more of it would gain less than was asked for"
                }
            return "Training is complete\(why).\(timeText)"
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
        if let judged = run.judged {
            let scores = Figure.all.filter { $0.value(of: judged.quality) != nil }
            if let score = scores.first {
                figures.append(("\(score.name), \(judged.name)", score.text(of: judged.quality)))
                if let nothing = score.baselineText(of: judged.quality), let baseline = judged.quality.baseline {
                    figures.append(("always answering \(baseline.answer(run.classes))", nothing))
                }
            }
            if let other = scores.first(where: { ["auc", "r2", "macroF1"].contains($0.key) }) {
                figures.append(("\(other.name), \(judged.name)", other.text(of: judged.quality)))
            }
        }
        if let loading = run.result?["loadSeconds"]?.double {
            figures.append(("loading and training", NumberFormat.duration(loading + run.seconds)))
        } else {
            figures.append(("training time", NumberFormat.duration(run.seconds)))
        }
        if let ranks = run.ranks, let threads = run.threads {
            func counted(_ count: Int, _ name: String) -> String {
                "\(NumberFormat.count(count)) \(name)\(count == 1 ? "" : "s")"
            }
            let name =
                "core\(ranks * threads == 1 ? "" : "s"): \(counted(ranks, "rank")) × \(counted(threads, "thread"))"
            figures.append((name, NumberFormat.count(ranks * threads)))
        }
        if run.restarts > 0 { figures.append(("restarts", "\(run.restarts)")) }
        return figures
    }

    /// What the method did, for those who ask.
    package var work: [(name: String, value: String)] {
        var figures: [(name: String, value: String)] = []
        if let objective = run.objective {
            figures.append(("objective", NumberFormat.significant(objective, 5)))
        } else if let last = run.history.last {
            figures.append(("objective on the last batch", NumberFormat.significant(last.loss, 5)))
        }
        if let gap = run.result?["dualityGap"]?.double {
            figures.append(("at most above the optimum (duality gap)", NumberFormat.significant(gap, 2)))
        }
        if let test = run.result?["sampleTest"], let bound = test["bound"]?.double, let rows = test["rows"]?.integer {
            figures.append(
                (
                    "at most above the optimum, with 99 % confidence",
                    "\(NumberFormat.significant(bound, 2)), from \(NumberFormat.count(rows)) rows"
                ))
        }
        if case .ended(let reason) = run.state { figures.append(("end", reason.explanation)) }
        figures.append(("iterations", NumberFormat.count(run.iterations)))
        figures.append(("passes over the data", NumberFormat.significant(run.passes, 3)))
        if let last = run.history.last {
            figures.append(("rows in the last batch", NumberFormat.count(last.batchSize)))
        }
        if run.bytes > 0 { figures.append(("communicated by each rank", NumberFormat.bytes(run.bytes))) }
        return figures
    }
}
