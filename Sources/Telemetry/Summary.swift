import BigBatch
import Platform

/// The last words of a run: why it ended, how good the model is, where the files are.
public struct Summary: Sendable {
    public var result: TrainingResult
    /// Said before all else.
    public var verdict: String?
    /// Name of a set of rows ("training", "test"; empty: the last one) and how good the model is on it, in words.
    public var qualities: [(name: String, text: String)]
    /// What a user should know beyond the numbers.
    public var remarks: [String]
    /// The objective, where `result` has none.
    public var objective: Double
    /// Seconds before training: reading and sending rows.
    public var loadSeconds: Double
    /// The run folder and the files in it.
    public var folder: String
    public var files: [String]

    public init(
        result: TrainingResult, qualities: [(name: String, text: String)], remarks: [String] = [], objective: Double,
        loadSeconds: Double,
        folder: String, files: [String]
    ) {
        self.result = result
        self.qualities = qualities
        self.remarks = remarks
        self.objective = objective
        self.loadSeconds = loadSeconds
        self.folder = folder
        self.files = files
    }

    public var text: String {
        var lines = [verdict, result.stopReason.explanation].compactMap { $0 } + remarks + [""]
        func add(_ name: String, _ text: String) {
            lines.append("  " + name + String(repeating: " ", count: max(1, 12 - name.count)) + text)
        }
        add("work", work)
        add("time", time)
        var objectiveText = NumberFormat.significant(objective, 7)
        if result.gradientNorm.isFinite {
            objectiveText += ", gradient norm " + NumberFormat.significant(result.gradientNorm, 3)
        }
        add("objective", objectiveText)
        if let gap = result.dualityGap {
            add(
                "certified",
                "the optimum is at most \(lower(gap)) (duality gap, "
                    + "\(NumberFormat.significant(result.certificatePasses, 2)) more passes)")
        }
        if let test = result.sampleTest {
            add(
                "known",
                "the optimum is at most \(lower(test.bound)), with \(NumberFormat.percent(test.confidence)) confidence, from "
                    + "\(NumberFormat.count(test.rows)) rows")
        }
        for quality in qualities where !quality.text.isEmpty { add(quality.name, quality.text) }
        add("run", folder.printable + ": " + files.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }

    private func lower(_ gap: Double) -> String {
        let share = objective > 0 ? ", \(NumberFormat.percent(gap / objective)) of it" : ""
        return NumberFormat.significant(gap, 2) + " lower" + share
    }

    private var work: String {
        "\(NumberFormat.count(result.iterations)) iterations, "
            + "\(NumberFormat.significant(result.gradientPasses, 3)) passes over the data, "
            + "\(NumberFormat.count(result.allreduces)) allreduces"
            + (result.nonFinite > 0 ? ", \(result.nonFinite) non-finite batches or trials" : "")
    }

    private var time: String {
        let share = result.seconds > 0 ? result.communicationSeconds / result.seconds : 0
        return "\(NumberFormat.duration(result.seconds)) of training (\(NumberFormat.percent(share)) communication), "
            + "\(NumberFormat.duration(loadSeconds)) of loading"
    }
}
