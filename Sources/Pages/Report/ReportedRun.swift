import BigBatch
import Evaluation
import Platform
import Runs
import Telemetry

/// A folder that holds no run, and what to do about it.
public struct NoRunError: Error, CustomStringConvertible {
    public let description: String

    package init(description: String) { self.description = description.printable }
}

/// All that a report shows of one run, read from its folder.
package struct ReportedRun {
    /// The folder's own name.
    package var name: String
    /// A, B, C, … where several runs are compared.
    package var letter: String
    /// Its place among the runs, for its colour.
    package var index = 0
    /// The report shows no other run.
    package var isAlone = true
    package var history = MetricsHistory()
    package var events: [RunEvent] = []
    package var result: JSON?
    package var status: JSON?
    /// What the model was found to be worth, on the rows that tell most first.
    package var qualities: [(part: String, name: String, quality: Quality)] = []
    /// Options and their values, as the configuration file has them.
    package var options: [(key: String, value: String)] = []
    /// As it was given.
    package var folder: String
    /// What is not there, as sentences.
    package var missing: [String] = []
    /// Files that are damaged, as sentences that begin with their names.
    package var gaps: [String] = []

    /// - Throws: `NoRunError`.
    package init(folder: String) throws(NoRunError) {
        if let fault = RunFolderReader.fault(ofFolder: folder) {
            throw NoRunError(
                description: "\(folder) holds no run: \(fault). "
                    + "Give the folder that 'crescendo train' wrote (option --output).")
        }
        var reader = RunFolderReader(path: folder)
        var history = MetricsHistory()
        var events: [RunEvent] = []
        reader.refresh(
            linesRestart: { history = MetricsHistory() }, line: { history.append($0) }, eventsRestart: { events = [] },
            event: { events.append($0) })
        guard reader.looksLikeARun else {
            let fault = reader.faults.first.map { "all there is in it: \($0.dropLast())" }
            throw NoRunError(
                description: "\(folder) holds no run: "
                    + "\(fault ?? "there is no config.yaml, metrics.jsonl or result.json in it"). "
                    + "Give the folder that 'crescendo train' wrote (option --output).")
        }
        self.folder = reader.path
        self.history = history
        self.events = events
        result = reader.result
        status = reader.status
        qualities = Self.parts.compactMap { part in
            reader.result?[part.key].flatMap { Quality(json: $0) }.map { (part.key, part.name, $0) }
        }
        options = ReportedRun.options(in: reader.configuration ?? "")
        name = reader.path.split(separator: "/").last.map(String.init) ?? reader.path
        letter = "A"
        if !reader.hasMetrics { missing.append("There is no metrics.jsonl: nothing is known of single iterations.") }
        if reader.configuration == nil { missing.append("There is no config.yaml: the options are not known.") }
        gaps = reader.gaps
        missing += gaps
    }

    package func option(_ key: String) -> String? { options.first { $0.key == key }?.value }

    /// Lines "key: value" of a file that this program wrote; what is indented belongs to the key before.
    package static func options(in yaml: String) -> [(key: String, value: String)] {
        var options: [(key: String, value: String)] = []
        for line in yaml.split(separator: "\n") where !line.hasPrefix("#") {
            if line.first == " " || line.first == "-" {
                guard !options.isEmpty else { continue }
                let more = line.drop { $0 == " " }
                options[options.count - 1].value += (options[options.count - 1].value.isEmpty ? "" : " ") + more
            } else if let colon = line.firstIndex(of: ":") {
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                options.append((String(line[..<colon]), plain(value)))
            }
        }
        return options
    }

    /// Without the quotes and brackets of a list of one.
    private static func plain(_ value: Substring) -> String {
        guard let json = try? JSON(text: value) else { return String(value) }
        if let text = json.string { return text }
        if let texts = json.array?.map(\.string), !texts.contains(nil) {
            return texts.compactMap { $0 }.joined(separator: ", ")
        }
        return String(value)
    }
}
