/// Everything that turns a data file into model input: made from the training data, stored with the model, applied to
/// every later file.
public struct Preprocessing: Codable, Sendable, Equatable {
    /// CSV only: what the columns mean.
    public var schema: TableSchema?
    /// D. Later files may have fewer features (the missing ones are 0); further ones are dropped and counted.
    public var featureCount: Int
    public var standardization: Standardization
    public var labels: LabelEncoding
    /// What was done to the training data, for people.
    public var notes: [String]

    public init(
        schema: TableSchema?, featureCount: Int, standardization: Standardization, labels: LabelEncoding,
        notes: [String]
    ) {
        self.schema = schema
        self.featureCount = featureCount
        self.standardization = standardization
        self.labels = labels
        self.notes = notes
    }

    /// One name per feature: the CSV columns', else "1", "2", ….
    public var featureNames: [String] { schema?.featureNames ?? (0..<featureCount).map { String($0 + 1) } }
}

/// How rows are kept in memory.
public enum StorageKind: String, Codable, Sendable, CaseIterable { case dense, sparse }

/// Choices of `DistributedTable.assembleTraining`; the defaults are the product's.
public struct AssemblyOptions: Sendable, Equatable {
    public var seed: UInt64 = 0
    /// Nil: z-score at a density of 5 % and above, max-abs below, whatever the storage.
    public var standardization: StandardizationKind?
    /// Nil: dense at a density of 5 % and above. Never changes a result beyond rounding.
    public var storage: StorageKind?
    /// Share of the rows kept for validation, 0 ..< 1.
    public var validationFraction = 0.0

    /// Density from which rows count as dense.
    public static let denseFrom = 0.05

    public init() {}

    /// The standardisation of data with this share of non-zero entries.
    func standardization(density: Double) -> StandardizationKind {
        standardization ?? (density >= Self.denseFrom ? .zscore : .maxabs)
    }
}

/// Training data at its owners.
public struct TrainingData: Sendable {
    public let training: Dataset
    /// Nil without `validationFraction`.
    public let validation: Dataset?
    public let preprocessing: Preprocessing
}
