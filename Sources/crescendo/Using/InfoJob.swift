import Datasets
import MPI
import Models
import Telemetry
import Yams

/// `crescendo info`: what a model file and its run folder hold. Rank 0 reads and prints.
struct InfoJob {
    let command: InfoCommand
    let world: any Communicator

    func run() throws -> Int32 {
        try world.onRoot {
            let location = ModelLocation(command.path)
            var lines: [String] = []
            if location.isFolder { lines += try runLines(location.path) }
            // A run that was killed has no model, and still something to tell.
            if !lines.isEmpty, !location.hasModel {
                lines.append(line("model", "none: the run ended before it could write one"))
            } else {
                lines += modelLines(try location.read())
            }
            StandardStream.output.write(lines.joined(separator: "\n") + "\n")
        }
        return 0
    }

    private func line(_ name: String, _ text: String) -> String {
        name + String(repeating: " ", count: max(1, 14 - name.count)) + text
    }

    /// From `status.json`, of a run that has not finished.
    private func stateLines(_ folder: String) -> [String] {
        guard let status = StoredStatus(folder: folder), status.state != "finished" else { return [] }
        let place = "attempt \(status.attempt), last checkpoint after iteration \(NumberFormat.count(status.iteration))"
        switch status.state {
        case "running": return [line("state", "running, or killed: \(place)")]
        case "interrupted":
            return [line("state", "interrupted by \(status.reason), can go on: \(place)")]
        default: return [line("state", "\(status.state): \(status.reason)")]
        }
    }

    /// From `result.json`, which is YAML too.
    private func runLines(_ folder: String) throws -> [String] {
        guard let text = try? ConfigurationFile.text(of: folder + "/result.json"),
            let result = try Yams.compose(yaml: text)?.mapping
        else { return unfinishedLines(folder) }
        func value(_ key: String) -> String? { result[key]?.scalar?.string }
        func number(_ key: String, _ digits: Int) -> String {
            value(key).flatMap(Double.init).map { NumberFormat.significant($0, digits) } ?? "unknown"
        }
        var lines = [line("run", folder)] + stateLines(folder)
        let reason = value("stopReason") ?? "unknown"
        lines.append(line("ended", StopReasonText.explain(reason)))
        lines.append(
            line(
                "work",
                "\(value("iterations") ?? "?") iterations, \(number("gradientPasses", 3)) gradient passes, "
                    + "\(number("seconds", 3)) s on \(value("ranks") ?? "?") ranks × \(value("threads") ?? "?") threads"
            ))
        lines.append(line("objective", "\(number("objective", 7)), λ = \(number("l2", 4))"))
        for part in ["train", "validation", "test"] {
            guard let quality = result[part]?.mapping else { continue }
            let metrics = quality.compactMap { key, node -> String? in
                guard let key = key.string, key != "rows", key != "loss", let value = node.scalar?.string else {
                    return nil
                }
                return key + " " + (Double(value).map { NumberFormat.significant($0, 5) } ?? "undefined")
            }
            lines.append(line(part, metrics.joined(separator: ", ")))
        }
        return lines
    }

    /// From the last line of `metrics.jsonl`; empty when the folder holds none.
    private func unfinishedLines(_ folder: String) -> [String] {
        guard let text = try? ConfigurationFile.text(of: folder + "/metrics.jsonl", limit: .max) else { return [] }
        var lines = [line("run", folder)] + stateLines(folder)
        lines.append(line("ended", "unknown: there is no result.json, the run did not finish"))
        let last = text.split(separator: "\n").last { $0.hasSuffix("}") }
        guard let last, let record = try? Yams.compose(yaml: String(last))?.mapping else { return lines }
        let shown = ["iteration", "seconds", "gradientPasses", "batchSize", "loss"].compactMap { key in
            record[key]?.scalar.map { "\(key) \($0.string)" }
        }
        lines.append(line("last seen", shown.joined(separator: ", ")))
        return lines
    }

    private func modelLines(_ file: ModelFile) -> [String] {
        let specification = file.specification
        let preprocessing = file.preprocessing
        var lines = [
            line(
                "model",
                (specification.network == nil
                    ? "\(specification.kind.rawValue), \(specification.hasIntercept ? "with" : "without") intercept, "
                    : "network, \(specification.kind.rawValue), \(NumberFormat.count(file.parameters.count)) parameters, ")
                    + "written by crescendo \(file.version)"),
            line("features", NumberFormat.count(specification.featureCount)),
        ]
        for (index, layer) in (specification.network?.layers ?? []).enumerated() {
            lines.append(line(index == 0 ? "layers" : "", layer.text))
        }
        if !file.classLabels.isEmpty {
            let shown = file.classLabels.prefix(20).joined(separator: ", ")
            lines.append(
                line("classes", "\(file.classLabels.count): \(shown)" + (file.classLabels.count > 20 ? ", …" : "")))
        }
        lines.append(line("scaling", preprocessing.standardization.kind.rawValue))
        for note in preprocessing.notes { lines.append(line("note", note)) }
        return lines + coefficientLines(file)
    }

    /// The largest by magnitude in the space trained in, where features compare; shown for features as in the file.
    private func coefficientLines(_ file: ModelFile) -> [String] {
        let count = command.coefficients ?? 10
        guard count > 0, file.specification.network == nil else { return [] }
        let outputs = file.specification.outputCount
        let weights = file.parameters.prefix(file.specification.featureCount * outputs)
        let largest = weights.indices.sorted {
            (weights[$0].magnitude, $1) > (weights[$1].magnitude, $0)
        }.prefix(count)
        let original = file.coefficients
        let names = file.preprocessing.featureNames
        let header =
            file.preprocessing.standardization.kind == .none
            ? "largest coefficients" : "largest coefficients (scaled features; as in the file)"
        var lines = ["", header]
        for index in largest {
            let output = outputs > 1 ? "class \(file.classLabels[index % outputs]), " : ""
            let scaled = NumberFormat.significant(Double(weights[index]), 4)
            let unscaled = NumberFormat.significant(original.weights[index], 4)
            let number = file.preprocessing.standardization.kind == .none ? scaled : "\(scaled); \(unscaled)"
            lines.append("  " + output + "feature \(names[index / outputs]): " + number)
        }
        return lines
    }
}
