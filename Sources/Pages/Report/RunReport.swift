/// The report of one run, or of several side by side: one HTML page with all pictures in it, for screens of any width, both
/// themes and paper. Nothing is fetched and nothing is executed.
public struct RunReport {
    /// What tells a report from other pages.
    public static let titleEnd = " – Crescendo report</title>"

    private let runs: [ReportedRun]
    /// Files of the runs that are damaged and left out, as sentences.
    public var gaps: [String] { runs.flatMap { run in run.gaps.map { "\(run.folder)/\($0)" } } }

    /// More runs have no letters and no pictures that can be read.
    public static let mostRuns = 26

    /// Reads the folders, as far as they are written.
    /// - Parameter refused: told of each folder that holds no run, which is left out then, as long as another one holds
    ///   one; nil: all must hold one.
    /// - Throws: `NoRunError`.
    public init(folders: [String], refused: ((NoRunError) -> Void)? = nil) throws {
        var runs: [ReportedRun] = []
        for folder in folders {
            do throws(NoRunError) {
                let run = try ReportedRun(folder: folder)
                // Those beyond are only counted.
                if runs.count <= Self.mostRuns { runs.append(run) }
            } catch {
                guard let refused else { throw error }
                refused(error)
            }
        }
        guard !runs.isEmpty else {
            throw NoRunError(description: "there is nothing to draw: none of the \(folders.count) holds a run")
        }
        guard runs.count <= Self.mostRuns else {
            throw NoRunError(description: "a report holds 1 to \(Self.mostRuns) runs, not \(folders.count); give fewer")
        }
        for index in runs.indices {
            runs[index].index = index
            runs[index].isAlone = runs.count == 1
            runs[index].letter = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index)))
        }
        self.runs = runs
    }

    /// The whole page.
    public var html: String { page.text }

    private var page: HTML {
        let title = runs.count == 1 ? runs[0].name : "\(runs.count) runs: " + runs.map(\.name).joined(separator: ", ")
        let parts: [(id: String, name: String, body: HTML)] = [
            ("quality", "How good", QualitySection(runs: runs).html),
            ("learned", "What it learned", LearnedSection(runs: runs).html),
            ("penalty", "Choice of λ", PenaltySection(runs: runs).html),
            ("progress", "How it went", ProgressSection(runs: runs).html),
            ("method", "Decisions", MethodSection(runs: runs).html),
            ("time", "Time", TimeSection(runs: runs).html),
            ("settings", "Options and machines", SettingsSection(runs: runs).html),
        ].filter { $0.body != .empty }
        let links = parts.map { HTML("<a href=\"#\($0.id)\">\($0.name)</a>") }.joined(" ")
        let version = runs.compactMap { $0.result?["version"]?.string }.first.map { " \($0)" } ?? ""
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>\(title)\(HTML.trusted(Self.titleEnd))
            <style>\(HTML.trusted(ReportStyle.text))</style>
            </head>
            <body\(runs.count > 1 ? " class=\"many\"" : HTML.empty)>
            <a class="skip" href="#content">To the report</a>
            <div class="page">
            <header>
            <h1>\(runs.count == 1 ? runs[0].name : "\(runs.count) runs side by side")</h1>
            \(summary)
            \(runs.count == 1 ? HTML.empty : "<p class=\"note\">\(Page.words)</p>")
            <nav aria-label="Parts of the report">\(links)</nav>
            </header>
            <main id="content">
            \(parts.map(\.body).joined())</main>
            <footer><p>Written by Crescendo\(version).</p></footer>
            </div>
            </body>
            </html>

            """
    }

    private var summary: HTML {
        guard runs.count == 1 else {
            let entries = runs.map { run -> HTML in
                """
                <li><span class="chip f\(run.index % 8)">\(run.letter)</span><strong>\(run.name)</strong> \
                \(Headline(run: run).sentences.joined(separator: " "))\(missing(run))</li>

                """
            }
            return "<ul class=\"runs\">\n\(entries.joined())</ul>\n\(ComparisonTable(runs: runs).html)"
        }
        let headline = Headline(run: runs[0])
        let sentences = headline.sentences.map { HTML("<p class=\"lead\">\($0)</p>\n") }.joined()
        let figures = headline.figures.map { HTML("<li><strong>\($0.value)</strong> \($0.name)</li>\n") }.joined()
        return "\(sentences)\(missing(runs[0]))<ul class=\"figures\">\n\(figures)</ul>\n"
    }

    private func missing(_ run: ReportedRun) -> HTML {
        run.missing.map { HTML("<p class=\"missing\">\($0)</p>\n") }.joined()
    }
}
