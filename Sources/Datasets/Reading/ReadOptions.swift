import Platform

/// How to read data files: what the command line says, the same on every rank and stored with the run.
///
/// A column is named by its name in the header, or by its number: 1 is the first column, −1 the last. A name wins over
/// a number.
public struct ReadOptions: Codable, Sendable, Equatable {
    public enum Format: String, Codable, Sendable, CaseIterable {
        case auto, libsvm, csv, npy, npz, idx, hdf5, arrow, parquet
    }
    public enum Header: String, Codable, Sendable, CaseIterable { case auto, present, absent }

    public var format = Format.auto
    /// CSV and NPY: the column that holds the label.
    public var label: String?
    /// NPY, NPZ, IDX and HDF5: for each data file, a file with one label per row, or FILE:NAME. Empty: a label column, the
    /// labels' array of the archive, or the file of labels beside one of images.
    public var labels: [String] = []
    /// What a row means: its channels, height and width. Tables must have as many features (LIBSVM: at most); images
    /// may be smaller and get zeros around them. Nil: as the file says.
    public var inputShape: SampleShape?
    /// The rows are trained on: of an archive with several parts the training rows are read, not the test rows, and a column
    /// of weights has to be there.
    public var isTraining = true
    /// CSV: columns to leave out.
    public var drop: [String] = []
    /// CSV: columns that identify a row. They are carried to predictions and are no features.
    public var id: [String] = []
    /// CSV: the column that holds the sample weights.
    public var weight: String?
    /// CSV: whether the first line holds the column names.
    public var header = Header.auto
    /// CSV: the byte between fields ("," ";" "|", "tab", or "blank" for any number of blanks); nil: found in the first lines.
    public var delimiter: String?
    /// CSV: what stands before the decimals of a number.
    public var decimal = Decimal.auto
    public enum Decimal: String, Codable, Sendable, CaseIterable { case auto, point, comma }
    /// LIBSVM: indices start at 0 instead of 1.
    public var zeroBased = false
    /// CSV: what stands for a missing value besides the words that usually do (`knownMissing`), compared without regard to
    /// case. An empty field is always missing.
    public var missing: [String] = []
    /// What pandas, R, Excel and databases write for a missing value.
    public static let knownMissing = [
        "NA", "N/A", "#N/A", "<NA>", "NaN", "-NaN", "null", "\\N", "None", "missing", "?", "-", ".",
    ]
    /// CSV: columns whose values are codes, numbers among them: each distinct text is a category.
    public var categorical: [String] = []
    /// CSV: columns that must hold dates, and whether other columns of dates are read as such.
    public var dates: [String] = []
    public var readsDates = true
    /// CSV: categories seen in fewer rows share one feature, and so do those that training never saw.
    public var minCategoryCount = 1
    /// Rows without a label are read, with label NaN (prediction).
    public var allowMissingLabels = false
    /// Otherwise they are left out and counted, or an error.
    public var missingLabel = MissingLabel.out
    public enum MissingLabel: String, Codable, Sendable, CaseIterable { case out, error }

    /// CSV, of rows that are not trained on: the columns of labels and weights where they are not those of training, and
    /// columns said to be left out.
    public var replacedLabel: String?
    public var replacedWeight: String?
    public var leftOut: [String]?

    public init() {}

    /// Models keep how their data was read; what earlier versions did not have is as it was then.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func read<T: Decodable>(_ key: CodingKeys, _ target: inout T) throws {
            if let value = try fields.decodeIfPresent(T.self, forKey: key) { target = value }
        }
        try read(.format, &format)
        try read(.label, &label)
        try read(.labels, &labels)
        try read(.inputShape, &inputShape)
        try read(.isTraining, &isTraining)
        try read(.drop, &drop)
        try read(.id, &id)
        try read(.weight, &weight)
        try read(.header, &header)
        try read(.delimiter, &delimiter)
        try read(.decimal, &decimal)
        try read(.zeroBased, &zeroBased)
        try read(.missing, &missing)
        try read(.categorical, &categorical)
        try read(.dates, &dates)
        try read(.readsDates, &readsDates)
        try read(.minCategoryCount, &minCategoryCount)
        try read(.allowMissingLabels, &allowMissingLabels)
        try read(.missingLabel, &missingLabel)
        try read(.replacedLabel, &replacedLabel)
        try read(.replacedWeight, &replacedWeight)
        try read(.leftOut, &leftOut)
    }
}

/// Counts of what readers met and put right by themselves; blocks and ranks are added up.
public struct ReadTally: Codable, Sendable, Equatable {
    /// Rows whose LIBSVM indices were not in ascending order.
    public var unsortedRows = 0
    /// LIBSVM `qid:` fields passed over.
    public var queryIDs = 0
    /// Column name → values that did not occur in training, read as "none of the known categories".
    public var unseenCategories: [String: Int] = [:]
    /// Column name → missing values replaced.
    public var imputed: [String: Int] = [:]
    /// Rows left out for want of a label, and the first of them.
    public var unlabelled = 0

    public init() {}

    public mutating func add(_ other: ReadTally) {
        unsortedRows += other.unsortedRows
        queryIDs += other.queryIDs
        unlabelled += other.unlabelled
        unseenCategories.merge(other.unseenCategories, uniquingKeysWith: +)
        imputed.merge(other.imputed, uniquingKeysWith: +)
    }

    /// One sentence for each thing worth saying; empty when all was in order.
    ///
    /// - Parameter isTraining: what becomes of gaps is said where it is decided.
    func lines(isTraining: Bool) -> [String] {
        var lines: [String] = []
        if unsortedRows > 0 { lines.append("\(unsortedRows) rows had indices out of order; they were sorted") }
        if unlabelled > 0 {
            lines.append(
                "\(unlabelled) row\(unlabelled == 1 ? " has" : "s have") no label: left out (`missingLabel` error refuses)"
            )
        }
        if queryIDs > 0 { lines.append("\(queryIDs) qid fields were ignored: ranking is not supported") }
        if !isTraining {
            lines += ReadTally.lines(imputed, "missing values replaced", "gaps are filled as in training")
        }
        lines += ReadTally.lines(
            unseenCategories, "values that training never saw count as none of its categories",
            "texts that training never saw count as none of its categories")
        return lines
    }

    private static func lines(_ counts: [String: Int], _ text: String, _ all: String) -> [String] {
        let columns = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        if columns.count <= 3 { return columns.map { "column '\($0.key)': \($0.value) \(text)" } }
        let names = columns.prefix(10).map { "\($0.key) (\(NumberFormat.count($0.value)))" }.joined(separator: ", ")
        return ["\(columns.count) columns: \(all): \(names)" + (columns.count > 10 ? ", …" : "")]
    }
}
