import ArgumentParser
import Datasets

extension ReadOptions.Format: ExpressibleByArgument {}

/// `--storage`: how features lie in memory.
enum StorageChoice: String, CaseIterable, ExpressibleByArgument {
    case auto, dense, sparse
}

/// How data files are read; the same for `train`, `evaluate` and `predict`.
struct ReadingOptions: ParsableArguments {
    @Option(help: "Format of the data files (default: auto, from the file's name and its first lines).")
    var format: ReadOptions.Format?

    @Option(
        help: ArgumentHelp(
            "CSV: the column with the label, by its name in the header or its number (1 is the first, -1 the last).",
            valueName: "column"))
    var label: String?

    @Option(help: ArgumentHelp("NPY: a file with one label per row.", valueName: "file"))
    var labelsFile: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("CSV: leave out a column. May be repeated.", valueName: "column"))
    var drop: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "CSV: a column that identifies rows: no feature, copied to predictions. May be repeated.",
            valueName: "column"))
    var id: [String] = []

    @Option(help: ArgumentHelp("CSV: the column with sample weights.", valueName: "column"))
    var weight: String?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "CSV: the first line holds the column names (default: found out).")
    var header: Bool?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "LIBSVM: indices start at 0 (default: --no-zero-based, they start at 1).")
    var zeroBased: Bool?

    /// The reader's options; unset ones keep `base`.
    func applied(to base: ReadOptions = ReadOptions()) -> ReadOptions {
        var result = base
        if let format { result.format = format }
        if let label { result.label = label }
        if let labelsFile { result.labelsFile = labelsFile }
        if !drop.isEmpty { result.drop = drop }
        if !id.isEmpty { result.id = id }
        if let weight { result.weight = weight }
        if let header { result.header = header ? .present : .absent }
        if let zeroBased { result.zeroBased = zeroBased }
        return result
    }
}

/// What `train` alone does with data.
struct TrainingDataOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Rows to judge the finished model on. May be repeated.", valueName: "file"))
    var test: [String] = []

    @Option(
        help: ArgumentHelp(
            "Share of the rows held back: training stops when the loss on them no longer improves (default: 0).",
            valueName: "fraction"),
        transform: NumberRange.fraction.parse)
    var validation: Double?

    @Option(help: "How features lie in memory; the result is the same (default: auto, by density).")
    var storage: StorageChoice?
}
