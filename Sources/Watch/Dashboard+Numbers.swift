import BigBatch
import Platform
import Telemetry

extension Dashboard {
    /// Room for a curve behind the words of a line.
    private var curveWidth: Int { min(40, max(0, style.columns - Self.labelWidth - Self.wordsWidth)) }
    private static let wordsWidth = 32

    /// One line a quantity, a curve behind it where there is room.
    package func numbers(_ latest: IterationRecord) -> [StyledLine] {
        // Below 0 there is no logarithm: such a loss is shown as it is.
        let logarithmic = run.history.points.allSatisfy { !($0.meanLoss <= 0) }
        var lines = [
            labelled(
                RunFigure.objective.name,
                curved(
                    NumberFormat.significant(latest.loss, 5),
                    { logarithmic ? log2Of($0.meanLoss) : $0.meanLoss }))
        ]
        if let validation = validation { lines.append(labelled(RunFigure.validationLoss.name, validation)) }
        var batch = NumberFormat.count(latest.batchSize) + " rows"
        if let rows = run.rows, rows > 0 {
            batch += latest.batchSize >= rows ? " (all)" : " (\(share(latest.batchSize, rows)))"
        }
        lines.append(labelled(RunFigure.batchSize.name, curved(batch, { Double($0.record.batchSize) })))
        let isExact = !latest.signalToNoise.isFinite
        lines.append(
            labelled(
                RunFigure.signalToNoise.name,
                curved(
                    isExact ? "no noise: all rows" : NumberFormat.significant(latest.signalToNoise, 3),
                    // Spans orders of magnitude.
                    { $0.record.signalToNoise > 0 ? log2Of($0.record.signalToNoise) : .nan })))
        lines.append(
            labelled(
                RunFigure.stepSize.name, curved(NumberFormat.significant(latest.stepSize, 3), { $0.record.stepSize })))
        lines.append(labelled("work", work(latest)))
        lines += time(latest)
        lines += ranks
        return lines + [StyledLine()]
    }

    /// The loss over the time so far.
    package func lossPlot(rows: Int) -> [StyledLine] {
        let columns = max(0, style.columns - Self.labelWidth)
        let count = DotPlot.width(columns: columns, unicode: style.unicode)
        let values = run.history.resampled(count) { $0.meanLoss }
        let finite = values.compactMap { $0 }.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max(), rows >= 3, columns >= 20 else { return [] }
        // A loss that falls to a fraction would be a line along the bottom.
        let isLogarithmic = low > 0 && high > 8 * low
        let plot = DotPlot.rows(
            isLogarithmic ? values.map { $0.map(log2Of) } : values, columns: columns, rows: rows,
            unicode: style.unicode)
        return plot.enumerated().map { index, row in
            let label =
                switch index {
                case 0: NumberFormat.significant(high, 4)
                case plot.count - 1: NumberFormat.significant(low, 4)
                case plot.count / 2: RunFigure.objective.name + (isLogarithmic ? " (log)" : "")
                default: ""
                }
            return labelled(label, StyledLine(row, .first))
        } + [StyledLine()]
    }

    private func curved(_ words: String, _ value: (RunHistory.Point) -> Double) -> StyledLine {
        var line = StyledLine(words, .strong)
        guard curveWidth >= 8, run.history.points.count > 1 else { return line }
        let values = run.history.resampled(curveWidth, value)
        guard values.count(where: { $0 != nil }) > 1 else { return line }
        line.pad(to: Self.wordsWidth)
        line.add(Sparkline.text(values, unicode: style.unicode), .first)
        return line
    }

    private var validation: StyledLine? {
        guard let last = run.validation.last, let best = run.bestValidation else { return nil }
        var line = StyledLine(NumberFormat.significant(last.loss, 4), .strong)
        line.add(
            best.evaluationsSince == 0
                ? ", the best so far"
                : ", best \(NumberFormat.significant(best.loss, 4)) at iteration \(NumberFormat.count(best.iteration))")
        let width = min(40, style.columns - Self.labelWidth - max(Self.wordsWidth, line.width + 1))
        if width >= 8, run.validation.count > 1 {
            line.pad(to: max(Self.wordsWidth, line.width + 1))
            line.add(Sparkline.text(run.validation.suffix(width).map(\.loss), unicode: style.unicode), .first)
        }
        return line
    }

    private func work(_ latest: IterationRecord) -> StyledLine {
        var text = "\(NumberFormat.count(latest.iteration)) iterations, "
        text += "\(NumberFormat.significant(latest.gradientPasses, 3)) \(RunFigure.passes.name)"
        if let rows = run.rows, let pace = run.pace, pace.passes > 0, !run.stage.isOver {
            text += ", \(NumberFormat.compact(pace.passes * Double(rows))) rows/s"
        }
        if latest.communicatedBytes > 0 {
            text += ", \(NumberFormat.bytes(latest.communicatedBytes)) \(RunFigure.communicatedBytes.name)"
        }
        return StyledLine(text)
    }

    /// Where the time goes: of the last half minute while the run lasts, of all of it afterwards.
    private func time(_ latest: IterationRecord) -> [StyledLine] {
        let before = run.stage.isOver ? IterationRecord() : run.history.point(before: 30)?.record ?? IterationRecord()
        // The first point has nothing before it.
        let from = before.iteration == latest.iteration ? IterationRecord() : before
        let seconds = latest.seconds - from.seconds
        let computing = latest.computeSeconds - from.computeSeconds
        let transfer = latest.transferSeconds - from.transferSeconds
        let waiting = latest.communicationSeconds - from.communicationSeconds - transfer
        guard seconds > 0, computing.isFinite, transfer.isFinite, waiting.isFinite else { return [] }
        let parts: [(name: String, seconds: Double, look: StyledLine.Look)] = [
            (RunFigure.computing.name, computing, .first), (RunFigure.transfer.name, transfer, .second),
            (RunFigure.waiting.name, waiting, .third),
            ("other", seconds - computing - transfer - waiting, .fourth),
        ]
        let shares = parts.map { max(0, $0.seconds) / seconds }
        let lengths = Sparkline.lengths(shares, width: min(72, max(0, style.columns - Self.labelWidth)))
        let fill = style.unicode ? ["█", "▓", "▒", "░"] : ["#", "=", "~", "."]
        var bar = StyledLine()
        var legend = StyledLine()
        for (index, part) in parts.enumerated() {
            bar.add(String(repeating: fill[index], count: lengths[index]), part.look)
            if index > 0 { legend.add("  ") }
            legend.add(fill[index], part.look)
            // What no eye sees in the bar needs no digits.
            legend.add(" \(part.name) \(NumberFormat.percent(shares[index] < 0.0005 ? 0 : shares[index]))")
        }
        return [labelled("time", bar), labelled("", legend)]
    }

    /// From the last look at the times of all ranks.
    private var ranks: [StyledLine] {
        guard let shares = run.ranks, shares.computing.count > 1 else { return [] }
        let computing = shares.computing
        let slowest = "rank \(shares.slowest.rank)" + (shares.slowest.host.map { " on \($0)" } ?? "")
        let (_, middle, most) = RankShares.spread(computing)
        let words =
            most > 1.1 * middle
            ? "\(slowest) computes longest: \(NumberFormat.percent(most)) of the time, the one in the middle "
                + NumberFormat.percent(middle)
            : "all compute equally long, within a tenth"
        var lines = [labelled("ranks", StyledLine(words))]
        let name =
            shares.sample == nil
            ? " computing, by rank"
            : " computing, \(computing.count) of \(NumberFormat.count(shares.count)) ranks in order"
        if computing.count <= style.columns - Self.labelWidth - name.count {
            let bars = Sparkline.text(computing, unicode: style.unicode, from: 0)
            lines.append(labelled("", StyledLine(bars, .first).adding(name, .faint)))
        }
        return lines
    }

    private func share(_ part: Int, _ whole: Int) -> String {
        NumberFormat.percent(Double(part) / Double(whole)) + " of all"
    }
}

/// log₂ without the system's library: exponent and a straight line in between, monotone, which is all that a curve needs.
private func log2Of(_ value: Double) -> Double { Double(value.exponent) + value.significand - 1 }
