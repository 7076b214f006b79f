import BigBatch
import Platform

/// The picture of a run on a terminal: a pure function of what is known and of the room there is.
public struct Dashboard {
    /// What a terminal can show.
    public struct Style: Sendable {
        /// Block characters and braille, or ASCII.
        public var unicode: Bool
        public var columns: Int
        public var rows: Int

        public init(unicode: Bool, columns: Int, rows: Int) {
            self.unicode = unicode
            self.columns = columns
            self.rows = rows
        }
    }

    package let run: WatchedRun
    package let style: Style
    package static let labelWidth = 17

    public static func lines(_ run: WatchedRun, _ style: Style) -> [StyledLine] {
        Dashboard(run: run, style: style).lines
    }

    /// At most `style.rows` lines. What does not fit goes by interest: the plot shrinks first, then events and outlook go.
    private var lines: [StyledLine] {
        let head = heading
        let foot = [StyledLine(run.stage.isOver ? "q leaves" : "q leaves; the run goes on", .faint)]
        var body = run.latest.map { numbers($0) } ?? []
        let next = outlook
        var free = style.rows - head.count - foot.count - body.count - next.count
        let recent = events(atMost: max(0, min(free - 1, free > 14 ? 6 : 3)))
        free -= recent.count
        if run.latest != nil, free >= 4 { body = lossPlot(rows: min(10, free - 1)) + body }
        var lines = head + body + next + recent
        if lines.count > style.rows - foot.count { lines = Array(lines.prefix(max(0, style.rows - foot.count))) }
        return style.rows > 3 ? lines + foot : Array(lines.prefix(max(0, style.rows)))
    }

    /// Where the run is and how it stands.
    private var heading: [StyledLine] {
        let stage = run.stage
        var line = StyledLine(stage.name, stage.look)
        let status = run.reader.status
        if let attempt = status?["attempt"]?.integer, attempt > 1 { line.add(", attempt \(attempt)") }
        if let seconds = run.latest?.seconds { line.add(", \(NumberFormat.duration(seconds)) of training") }
        if let ranks = (status ?? run.reader.result)?["ranks"]?.integer {
            line.add(", \(NumberFormat.count(ranks)) rank\(ranks == 1 ? "" : "s")")
        }
        if case .training = stage, let silence = run.silence, silence >= 2 {
            line.add(", last news \(NumberFormat.duration(silence)) ago", .faint)
        }
        var lines = [StyledLine(run.reader.path, .strong), line]
        if !stage.explanation.isEmpty { lines += wrapped(stage.explanation, stage.isOver ? .plain : .warning) }
        for gap in run.reader.gaps { lines += wrapped(gap, .warning) }
        return lines + [StyledLine()]
    }

    private var outlook: [StyledLine] {
        let sentences = Outlook.sentences(run)
        return sentences.enumerated().flatMap { index, sentence in
            labelled(index == 0 ? "next" : "", wrapped(sentence, .plain, width: style.columns - Self.labelWidth))
        }
    }

    private func events(atMost count: Int) -> [StyledLine] {
        run.events.suffix(count).enumerated().map { index, event in
            let time = event.seconds.map { NumberFormat.duration($0) + "  " } ?? ""
            let line = labelled(index == 0 ? "events" : "", StyledLine(time, .faint).adding(EventText.line(event)))
            return line.cut(to: style.columns, mark: style.unicode ? "…" : "...")
        }
    }

    package func labelled(_ label: String, _ line: StyledLine) -> StyledLine {
        var result = StyledLine(label, .faint)
        result.pad(to: Self.labelWidth)
        return result.appending(line)
    }

    private func labelled(_ label: String, _ lines: [StyledLine]) -> [StyledLine] {
        lines.enumerated().map { labelled($0 == 0 ? label : "", $1) }
    }

    /// `text` in lines of at most `width`, broken at spaces.
    private func wrapped(_ text: String, _ look: StyledLine.Look, width: Int? = nil) -> [StyledLine] {
        let width = max(20, width ?? style.columns)
        var lines: [String] = [""]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].isEmpty {
                lines[lines.count - 1] = String(word)
            } else if lines[lines.count - 1].count + 1 + word.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.map { StyledLine($0, look) }
    }
}
