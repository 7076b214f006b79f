import ArgumentParser
import Datasets

extension ReadOptions.Format: WordOption {}
extension ReadOptions.MissingLabel: WordOption {}
extension ReadOptions.Decimal: WordOption {}

/// `--storage`: how features lie in memory.
enum StorageChoice: String, WordOption {
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

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Arrays: the file with one label per row, once for each data file (default: found).",
            discussion: """
                NPY or IDX, plain or gzip; numbers or text. train-images-idx3-ubyte.gz finds train-labels-idx1-ubyte.gz beside \
                it; an NPZ archive or HDF5 file has an array called y or labels, or FILE:NAME says which, as cells.h5ad:/obs/type.
                """,
            valueName: "file"), completion: .file())
    var labels: [String] = []

    @Option(
        help: ArgumentHelp(
            "What a row means to a network: channels, height and width, as 1x28x28 (default: as image files say).",
            discussion: "The features of a table as an image; or larger than the images, to put zeros around them.",
            valueName: "CxHxW"),
        transform: { text in
            guard let shape = SampleShape(text) else {
                throw ValidationError("expected channels, height and width, such as 3x32x32")
            }
            return shape
        })
    var inputShape: SampleShape?

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

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "CSV: a column of codes, numbers among them: each value is a category. May be repeated.",
            valueName: "column"))
    var categorical: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "CSV: a column of dates, of which any text that is none is an error. May be repeated.", valueName: "column")
    )
    var date: [String] = []

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: ArgumentHelp(
            "CSV: columns of dates become a trend, months, weekdays and hours (default: --dates).",
            discussion: """
                2013-01-31, 2013-01-31T14:05:00Z, 1/31/2013 2:05 PM, 31.1.2013, 31-Jan-13. Where day and month cannot be told \
                apart in the whole column the month comes first.
                """))
    var dates: Bool?

    @Option(
        help: ArgumentHelp(
            "CSV: categories of fewer rows share one feature, and so do those that training never saw (default: 1).",
            valueName: "rows"),
        transform: parseCount(atLeast: 1))
    var minCategoryCount: Int?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "CSV: a text that stands for a missing value, besides the empty one and \(ReadOptions.knownMissing.joined(separator: " ")). May be repeated.",
            valueName: "text"))
    var missing: [String] = []

    @Option(help: "CSV: rows without a label: out leaves them out and counts them, error refuses them (default: out).")
    var missingLabel: ReadOptions.MissingLabel?

    @Option(
        help: ArgumentHelp(
            "CSV: what stands between fields: one character, tab, or blank for any number of blanks (default: found out).",
            valueName: "character"))
    var delimiter: String?

    @Option(
        help: """
            CSV: what stands before the decimals of a number (default: auto, as the numbers of a column show it; 1,234 alone \
            does not).
            """)
    var decimal: ReadOptions.Decimal?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "CSV: the first line holds the column names (default: found out).")
    var header: Bool?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "LIBSVM: indices start at 0 (default: --no-zero-based, they start at 1).")
    var zeroBased: Bool?

    /// For rows that a model is asked about, read as `base` says but for what is given.
    func applied(toStored base: ReadOptions) -> ReadOptions {
        var result = applied(to: base)
        result.replacedLabel = label
        result.replacedWeight = weight
        result.leftOut = drop.isEmpty ? nil : drop
        return result
    }

    /// The reader's options; unset ones keep `base`.
    func applied(to base: ReadOptions = ReadOptions()) -> ReadOptions {
        var result = base
        if let format { result.format = format }
        if let label { result.label = label }
        if !labels.isEmpty { result.labels = labels }
        if let inputShape { result.inputShape = inputShape }
        if !drop.isEmpty { result.drop = drop }
        if !id.isEmpty { result.id = id }
        if let weight { result.weight = weight }
        if !categorical.isEmpty { result.categorical = categorical }
        if !date.isEmpty { result.dates = date }
        if let dates { result.readsDates = dates }
        if let minCategoryCount { result.minCategoryCount = minCategoryCount }
        result.missing += missing.filter { !result.missing.contains($0) }
        if let missingLabel { result.missingLabel = missingLabel }
        if let delimiter { result.delimiter = delimiter }
        if let decimal { result.decimal = decimal }
        if let header { result.header = header ? .present : .absent }
        if let zeroBased { result.zeroBased = zeroBased }
        return result
    }
}

/// What `train` alone does with data.
struct TrainingDataOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Rows to judge the finished model on: files, or a share of the data, as 0.2. May be repeated.",
            discussion: """
                A share is chosen by --seed, the same on any number of ranks, and the same of every class; a file called 2 is \
                given as ./2.
                """, valueName: "file"),
        completion: .file())
    var test: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Arrays: the labels of --test, once for each of its files (default: found).", valueName: "file"),
        completion: .file())
    var testLabels: [String] = []

    @Option(
        help: ArgumentHelp(
            "Share of the rows held back: training stops when the loss on them no longer improves (default: 0; networks: 0.05).",
            valueName: "fraction"),
        transform: NumberRange.fraction.parse)
    var validation: Double?

    @Option(
        help: ArgumentHelp(
            "Classes: how much their rows count: balanced, or as bad=20,good=1 (default: all the same).",
            valueName: "weights"),
        transform: { text in
            guard let weights = ClassWeights(text) else {
                throw ValidationError("expected balanced, or classes with weights above 0 such as bad=20,good=1")
            }
            return weights
        })
    var classWeight: ClassWeights?

    @Option(
        help: ArgumentHelp(
            "Of two classes, the positive one (default: the second; 1 of 0 and 1).", valueName: "class"))
    var positive: String?

    @Option(help: "How features lie in memory; results agree within the tolerance (default: auto, by density).")
    var storage: StorageChoice?

    @Option(
        help: ArgumentHelp(
            "Images and a network: show each row in random variants, as shift:2,flip,crop:4 (default: as it is).",
            discussion: """
                shift:N moves the image by up to N pixels and repeats its border, crop:N puts N zeros around it and cuts \
                out an image of its size, flip mirrors left and right. --seed decides, whatever the number of ranks.
                """,
            valueName: "variants"),
        transform: { text in
            do {
                return try Augmentation(text)
            } catch {
                throw ValidationError("\(error)")
            }
        })
    var augment: Augmentation?

    @Option(
        help: ArgumentHelp(
            "Keep the training data in this folder as it lies in memory, and take it from there next time (default: none).",
            discussion: """
                The file is about as large as the data in memory. It serves any number of ranks, and any seed unless \
                there is --validation. It is used while the data files keep their size and modification time, and \
                checked first; otherwise it is written anew. --cache beside keeps it in the folder of the data.
                """,
            valueName: "folder"), completion: .directory)
    var cache: CacheFolder?
}

extension TrainingDataOptions {
    var testFiles: [String] { testShare == nil ? test : [] }

    /// Of the data, where `--test` is a number.
    var testShare: Double? { test.count == 1 ? TrainingDataOptions.share(test[0]) : nil }

    /// A number that is no share, or one beside other values. (Without a look at the disk, which ranks may see differently.)
    static func looksLikeShare(_ text: String) -> Bool {
        Double(text.hasSuffix("%") ? String(text.dropLast()) : text) != nil
    }

    static func share(_ text: String) -> Double? { Double(text).flatMap { $0 > 0 && $0 < 1 ? $0 : nil } }
}

extension StorageChoice {
    /// nil: chosen by the density.
    var kind: StorageKind? {
        switch self {
        case .auto: nil
        case .dense: .dense
        case .sparse: .sparse
        }
    }
}
