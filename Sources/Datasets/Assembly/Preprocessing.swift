/// Everything that turns a data file into model input: made from the training data, stored with the model, applied to
/// every later file.
public struct Preprocessing: Codable, Sendable, Equatable {
    /// CSV only: what the columns mean.
    public var schema: TableSchema?
    /// D. Later files may have fewer features (the missing ones are 0); further ones are dropped and counted.
    public var featureCount: Int
    /// What a row means, where that is known; then D is its count.
    public var sampleShape: SampleShape?
    public var standardization: Standardization
    public var labels: LabelEncoding
    /// What was done to the training data, for people.
    public var notes: [String]

    public init(
        schema: TableSchema?, featureCount: Int, sampleShape: SampleShape? = nil, standardization: Standardization,
        labels: LabelEncoding, notes: [String]
    ) {
        self.schema = schema
        self.featureCount = featureCount
        self.sampleShape = sampleShape
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
    /// Nil: mixed for tables and at a density of 5 % and above, else max-abs, whatever the storage; for a network, images to [0, 1].
    public var standardization: StandardizationKind?
    /// Nil: dense at a density of 10 % and above, from where a pass over dense rows is the faster one. Never changes a result
    /// beyond rounding.
    public var storage: StorageKind?
    /// The class that counts as positive, of two; nil: the second in their order.
    public var positive: String?
    /// What is done to labels that are values.
    public var labelScaling = LabelScaling.none
    /// Share of the rows kept for validation, 0 ..< 1.
    public var validationFraction = 0.0
    /// Data with too few rows for that fraction keep none back; otherwise they are refused.
    public var validationIsOptional = false
    /// The rows are for a network: dense rows where `storage` does not say otherwise.
    public var isForNetwork = false
    /// How a network sees the training rows; its seed is replaced by `seed`.
    public var augmentation: Augmentation?

    /// Density from which rows are kept dense.
    public static let denseFrom = 0.1
    /// Density from which features are centred.
    static let centredFrom = 0.05

    public init() {}

    /// The storage to ask for; nil: by density.
    public var wantedStorage: StorageKind? { storage ?? (isForNetwork ? .dense : nil) }

    /// The standardisation of rows of this shape with this share of non-zero entries. However many categories a table has, its
    /// numbers are to be centred: their means are no part of what λ penalises.
    func standardization(density: Double, shape: SampleShape?, isTable: Bool = false) -> StandardizationKind {
        if let standardization { return standardization }
        if isForNetwork, shape?.isImage ?? false { return .unit }
        return isTable || density >= Self.centredFrom ? .mixed : .maxabs
    }
}

/// Training data at its owners.
public struct TrainingData: Sendable {
    public let training: Dataset
    /// Nil without `validationFraction`.
    public let validation: Dataset?
    public let preprocessing: Preprocessing
    /// Tells these rows, as they were read, from those of other data (see `DataDigest`).
    public let digest: String?
}
