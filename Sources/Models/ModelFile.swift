import Datasets
import FoundationEssentials
import Platform

/// A trained model with all that prediction needs, as a safetensors file.
///
/// Tensors: `weights` [D, C] and `intercepts` [C] (F32) in the space trained in; `coefficients` [D, C] and
/// `coefficient_intercepts` [C] (F64) for features and labels as they are in the data file, all scaling undone; `mean` [D] and
/// `scale` [D] (F64) where features were standardised; `mean_squares` [D] (F64), of the features in the space trained in, where
/// they are known. A network has `layer1.weights`, `layer1.biases`, … and `output.weights`,
/// `output.biases` instead of the first four. Metadata: `format` = "crescendo", `crescendo_version`, `model`
/// (its kind), `specification` and `preprocessing` (JSON), `class_labels` and, for named columns, `feature_names` (JSON
/// lists), `crc32` and `checksum` (see `ModelChecksum`), and whatever `notes` holds.
public struct ModelFile: Sendable, Equatable {
    public var specification: ModelSpecification
    /// In the space trained in: weights, then intercepts.
    public var parameters: [Float]
    public var preprocessing: Preprocessing
    /// D: mean of x_j² over the training rows, in the space trained in; nil: not known.
    public var meanSquares: [Double]?
    /// The program version that wrote it.
    public var version: String
    /// Further metadata, such as where the data came from. Names of this file format are not available.
    public var notes: [String: String] = [:]

    static let format = "crescendo"
    private static let ownKeys: Set = [
        "format", "crescendo_version", "model", "specification", "preprocessing", "class_labels", "feature_names",
        ModelChecksum.key, ModelChecksum.announcement,
    ]

    public init(
        specification: ModelSpecification, parameters: [Float], preprocessing: Preprocessing,
        meanSquares: [Double]? = nil, version: String, notes: [String: String] = [:]
    ) {
        self.meanSquares = meanSquares
        self.specification = specification
        self.parameters = parameters
        self.preprocessing = preprocessing
        self.version = version
        self.notes = notes
    }

    /// Names of the classes; empty for values.
    public var classLabels: [String] { preprocessing.labels.classNames }

    /// Weights (D × C, feature-major) and intercepts (C) for features and labels as they are in the data file.
    public var coefficients: (weights: [Double], intercepts: [Double]) {
        let outputs = specification.outputCount
        let weightCount = specification.featureCount * outputs
        let intercepts = specification.hasIntercept ? parameters[weightCount...].map { Double($0) } : []
        let labels = preprocessing.labels.scale
        return preprocessing.standardization.originalCoefficients(
            weights: parameters[..<weightCount].map { labels.scale * Double($0) },
            intercepts: intercepts.isEmpty
                ? [Double](repeating: labels.centre, count: outputs) : intercepts.map { labels.value($0) })
    }

    /// Writes the file atomically: temporary name, fsync, rename. Throws `ModelError`.
    /// - Parameter beforeRename: the last chance to leave what is there as it is, by an error.
    public func write(to path: String, lasting: Lasting = .place, beforeRename: () throws -> Void = {}) throws {
        let places = try tensorPlaces()
        guard parameters.count == places.last?.range.upperBound else {
            throw ModelError("cannot write \(path): \(parameters.count) parameters do not fit the model")
        }
        let outputs = specification.outputCount
        let features = specification.featureCount
        var file = Safetensors()
        func add(_ name: String, _ shape: [Int], _ values: [Double]) {
            file.tensors[name] = Safetensors.Tensor(shape: shape, values: .doubles(values))
        }
        for place in places {
            file.tensors[place.name] = Safetensors.Tensor(
                shape: place.shape, values: .floats(Array(parameters[place.range])))
        }
        if specification.network == nil {
            let original = coefficients
            add("coefficients", [features, outputs], original.weights)
            add("coefficient_intercepts", [outputs], original.intercepts)
        }
        let standardization = preprocessing.standardization
        if !standardization.mean.isEmpty { add("mean", [features], standardization.mean) }
        if !standardization.scale.isEmpty { add("scale", [features], standardization.scale) }
        if let meanSquares { add("mean_squares", [features], meanSquares) }
        file.metadata = notes.filter { !Self.ownKeys.contains($0.key) }
        file.metadata["format"] = Self.format
        file.metadata["crescendo_version"] = version
        file.metadata["model"] = specification.kind.rawValue
        file.metadata["specification"] = try Self.json(specification)
        file.metadata["preprocessing"] = try Self.json(preprocessing)
        file.metadata["class_labels"] = try Self.json(classLabels)
        if preprocessing.schema != nil { file.metadata["feature_names"] = try Self.json(preprocessing.featureNames) }
        ModelChecksum.prepare(&file.metadata)
        var bytes = try file.encoded()
        ModelChecksum.seal(&bytes)
        try AtomicFile.write(bytes, to: path, lasting: lasting, beforeRename: beforeRename)
    }

    /// Reads a file that `write` made. Throws `ModelError` for one that is missing, cut short, damaged, or not of this
    /// program, or whose parts are of different models.
    public static func read(_ path: String) throws -> ModelFile {
        let bytes = try WholeFile.read(path, limit: AvailableMemory().bytes)
        let file = try Safetensors(bytes, file: path)
        guard ModelChecksum.isRight(bytes, metadata: file.metadata) else {
            throw ModelError(
                "\(path) is damaged: its checksum is wrong. Copy it again; where it was changed on purpose, remove "
                    + "\(ModelChecksum.key) and \(ModelChecksum.announcement) from its metadata")
        }
        guard file.metadata["format"] == format, let specificationText = file.metadata["specification"],
            let preprocessingText = file.metadata["preprocessing"]
        else { throw ModelError("\(path) is a safetensors file, but not one that crescendo wrote") }
        let specification: ModelSpecification
        let preprocessing: Preprocessing
        do {
            let decoder = JSONDecoder()
            specification = try decoder.decode(ModelSpecification.self, from: Data(specificationText.utf8))
            preprocessing = try decoder.decode(Preprocessing.self, from: Data(preprocessingText.utf8))
        } catch {
            let version = file.metadata["crescendo_version"] ?? "unknown"
            throw ModelError("\(path): its description cannot be read (written by crescendo \(version))")
        }
        try check(specification, preprocessing, file: path)
        var result = ModelFile(
            specification: specification, parameters: [], preprocessing: preprocessing,
            meanSquares: meanSquares(file, specification.featureCount),
            version: file.metadata["crescendo_version"] ?? "",
            notes: file.metadata.filter { !ownKeys.contains($0.key) })
        let places: [TensorPlace]
        do {
            places = try result.tensorPlaces()
        } catch {
            throw ModelError("\(path) describes no model: \(error)")
        }
        for place in places {
            result.parameters += try values(of: place.name, place.shape, file, path)
        }
        return result
    }

    /// For people alone: a file without it is whole.
    private static func meanSquares(_ file: Safetensors, _ features: Int) -> [Double]? {
        guard let tensor = file.tensors["mean_squares"], tensor.shape == [features],
            case .doubles(let values) = tensor.values, values.allSatisfy({ $0.isFinite && $0 >= 0 })
        else { return nil }
        return values
    }

    private func tensorPlaces() throws -> [TensorPlace] {
        guard let model = try specification.makeModel() as? any TensorModel else { return [] }
        return model.tensors
    }

    private static func values(of name: String, _ shape: [Int], _ file: Safetensors, _ path: String) throws -> [Float] {
        guard let tensor = file.tensors[name], tensor.shape == shape, case .floats(let values) = tensor.values else {
            throw ModelError.damage("\(path) is damaged: tensor \(name) is missing or has another shape")
        }
        guard values.allSatisfy({ $0.isFinite }) else {
            throw ModelError("\(path): tensor \(name) holds values that are not finite")
        }
        return values
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension ModelFile {
    /// Outputs of all rows of `dataset` (assembled with `preprocessing`), `specification.outputCount` a row:
    /// probabilities for logistic (of class 1) and softmax, the margin for squared hinge, else the value as it is stored: see
    /// `preprocessing.labels.scale`.
    public func predict(_ dataset: Dataset, threads: Int = 1) throws -> [Float] {
        let model = try specification.makeModel(threads: threads)
        var outputs = [Float](repeating: 0, count: dataset.all.count * model.outputCount)
        parameters.withUnsafeBufferPointer { x in
            outputs.withUnsafeMutableBufferPointer { model.predict(dataset.all, at: x, into: $0) }
        }
        return outputs
    }
}
