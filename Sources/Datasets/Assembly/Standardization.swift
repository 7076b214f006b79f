import MPI

/// How features are scaled before training.
public enum StandardizationKind: String, Codable, Sendable, CaseIterable {
    /// Numbers as `zscore`, columns that hold nothing but zeros and ones as they are: the deviation of a rare category is so
    /// small that one row of it would outweigh thousands.
    case mixed
    /// (x − mean) / standard deviation.
    case zscore
    /// x / max|x|.
    case maxabs
    /// All features divided by one number, so that they lie in [0, 1] (or [−1, 1]): images.
    case unit
    case none

    /// Whether means are taken away.
    var isCentred: Bool { self == .zscore || self == .mixed }
}

/// The affine map of every feature: x′ = (x − mean) / scale. Stored with the model and undone in its coefficients.
///
/// - zscore: mean and population standard deviation (divisor N) of the training rows, sample weights not used.
/// - mixed: the same, and 0 and 1 for columns of zeros and ones.
/// - maxabs: mean 0 and the largest magnitude of the training rows.
/// - unit: mean 0 and one number for all: 255 for bytes, else the largest magnitude of the training rows, 1 where that is
///   less.
/// - none: `mean` and `scale` are empty.
///
/// A constant column has scale 1, so under zscore its values become 0.
public struct Standardization: Codable, Sendable, Equatable {
    public let kind: StandardizationKind
    /// One per feature for zscore and mixed; empty otherwise (mean 0).
    public let mean: [Double]
    /// One per feature, > 0 (for unit, all the same); empty for none (scale 1).
    public let scale: [Double]

    public init(kind: StandardizationKind, mean: [Double], scale: [Double]) {
        self.kind = kind
        self.mean = mean
        self.scale = scale
    }

    public static let none = Standardization(kind: .none, mean: [], scale: [])

    /// From the moments of the training rows. A kind that needs deviations needs them in `moments`.
    ///
    /// - Parameter holdsBytes: values are whole numbers from 0 to 255.
    public init(_ kind: StandardizationKind, moments: ColumnMoments, holdsBytes: Bool = false) {
        self.kind = kind
        switch kind {
        case .mixed:
            mean = moments.columns.map { moments.isIndicator($0) ? 0 : moments.mean[$0] }
            scale = moments.columns.map {
                moments.isIndicator($0) || moments.isConstant($0) ? 1 : moments.standardDeviation[$0]
            }
        case .zscore:
            mean = moments.mean
            scale = moments.columns.map { moments.isConstant($0) ? 1 : moments.standardDeviation[$0] }
        case .maxabs:
            mean = []
            scale = moments.columns.map { moments.maximumMagnitude($0) > 0 ? moments.maximumMagnitude($0) : 1 }
        case .unit:
            mean = []
            let largest = moments.columns.reduce(1) { max($0, moments.maximumMagnitude($1)) }
            scale = moments.columns.map { _ in holdsBytes ? 255 : largest }
        case .none:
            mean = []
            scale = []
        }
    }

    /// Rank 0's numbers on every rank, since a reduction need not give all ranks the same last bit. Collective.
    func fromRankZero(_ communicator: any Communicator) throws -> Standardization {
        var mean = mean
        var scale = scale
        try mean.withUnsafeMutableBufferPointer { try communicator.broadcast($0, root: 0) }
        try scale.withUnsafeMutableBufferPointer { try communicator.broadcast($0, root: 0) }
        return Standardization(kind: kind, mean: mean, scale: scale)
    }

    /// Coefficients for features as they are in the file: the model's margins Σ_j w_jc x′_j + b_c as Σ_j v_jc x_j + a_c,
    /// v_jc = w_jc / scale_j, a_c = b_c − Σ_j v_jc mean_j.
    ///
    /// - Parameters:
    ///   - weights: D × C, feature-major: w_jc at j·C + c.
    ///   - intercepts: C; a model without intercepts passes zeros (centring makes intercepts of its own).
    public func originalCoefficients(weights: [Double], intercepts: [Double]) -> (
        weights: [Double], intercepts: [Double]
    ) {
        let outputs = intercepts.count
        var weights = weights
        var intercepts = intercepts
        guard outputs > 0 else { return (weights, intercepts) }
        for feature in scale.indices {
            for output in 0..<outputs { weights[feature * outputs + output] /= scale[feature] }
        }
        for feature in mean.indices {
            for output in 0..<outputs { intercepts[output] -= weights[feature * outputs + output] * mean[feature] }
        }
        return (weights, intercepts)
    }
}
