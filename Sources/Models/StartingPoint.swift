import Datasets

/// Where training begins when another model is to be gone on from: its coefficients for features of the same names and outputs of
/// the same classes, in the space that is trained in now. What the model did not know starts at 0.
public struct StartingPoint: Sendable, Equatable {
    public var parameters: [Float]
    /// Features that it has and that there are now; those that are new, and those that are gone, by name.
    public var known = 0
    public var new: [String] = []
    public var gone: [String] = []
    /// Classes that the model did not know, and those that are gone.
    public var newClasses: [String] = []
    public var goneClasses: [String] = []

    /// - Parameters:
    ///   - file: the model to go on from.
    ///   - specification: of the model that is trained, with its `preprocessing`.
    /// - Throws: `ModelError` where the two have nothing to do with each other.
    public init(_ file: ModelFile, for specification: ModelSpecification, _ preprocessing: Preprocessing) throws {
        guard file.specification.kind == specification.kind else {
            throw ModelError(
                "it is a \(file.specification.kind.rawValue) model, and this run trains \(specification.kind.rawValue)")
        }
        guard file.specification.network == specification.network else {
            throw ModelError("it is a network of other layers, or one of the two is no network")
        }
        if specification.network != nil {
            guard file.specification == specification, file.classLabels == preprocessing.labels.classNames,
                file.preprocessing.featureNames == preprocessing.featureNames,
                file.preprocessing.standardization.kind == preprocessing.standardization.kind
            else {
                throw ModelError(
                    "it is a network for other features or classes, or for features in another scaling: networks go on with the "
                        + "same ones only")
            }
            parameters = file.parameters
            known = specification.featureCount
            return
        }
        parameters = []
        let (outputs, sign) = try matchOutputs(file, specification, preprocessing)
        let old = file.coefficients
        let oldNames = file.preprocessing.featureNames
        let places = Dictionary(zip(oldNames, oldNames.indices), uniquingKeysWith: { first, _ in first })
        let names = preprocessing.featureNames
        guard names.contains(where: { places[$0] != nil }) else {
            throw ModelError("none of its features has the name of one of this data's")
        }
        let (count, scale) = (specification.outputCount, preprocessing.labels.scale)
        let oldCount = file.specification.outputCount
        var weights = [Double](repeating: 0, count: names.count * count)
        var intercepts = outputs.map { $0.map { sign * old.intercepts[$0] } ?? scale.centre }
        let (oldDays, days) = (Self.middles(file.preprocessing), Self.middles(preprocessing))
        let (means, scales) = (preprocessing.standardization.mean, preprocessing.standardization.scale)
        for (j, name) in names.enumerated() {
            guard let place = places[name] else {
                new.append(name)
                continue
            }
            known += 1
            for (c, output) in outputs.enumerated() {
                guard let output else { continue }
                let weight = sign * old.weights[place * oldCount + output]
                // m = b + w x = (b + w mean) + (w scale) (x − mean)/scale; days are counted from the middle of a table's dates.
                if !means.isEmpty { intercepts[c] += weight * means[j] }
                if let then = oldDays[name], let now = days[name] { intercepts[c] += weight * Double(now - then) }
                weights[j * count + c] = weight * (scales.isEmpty ? 1 : scales[j]) / scale.scale
            }
        }
        let present = Set(names)
        let oldMeans = file.preprocessing.standardization.mean
        for (j, name) in oldNames.enumerated() where !present.contains(name) {
            gone.append(name)
            // What is gone is taken to be what it was in the mean.
            for (c, output) in outputs.enumerated() where !oldMeans.isEmpty {
                if let output { intercepts[c] += sign * old.weights[j * oldCount + output] * oldMeans[j] }
            }
        }
        parameters = weights.map { Float($0) }
        if specification.hasIntercept { parameters += intercepts.map { Float(scale.stored($0)) } }
        guard parameters.allSatisfy(\.isFinite) else {
            throw ModelError("its coefficients are too large for this data")
        }
    }

    /// For each output now, that of the model; nil: it has none. And −1 where two classes have changed places.
    private mutating func matchOutputs(
        _ file: ModelFile, _ specification: ModelSpecification, _ preprocessing: Preprocessing
    ) throws -> (outputs: [Int?], sign: Double) {
        guard case .classes(let names) = preprocessing.labels else { return ([0], 1) }
        let old = file.classLabels
        guard specification.outputCount > 1 else {
            guard old == names || old == names.reversed() else {
                throw ModelError(
                    "its classes are \(old.joined(separator: ", ")), and here they are \(names.joined(separator: ", "))"
                )
            }
            return ([0], old == names ? 1 : -1)
        }
        newClasses = names.filter { !old.contains($0) }
        goneClasses = old.filter { !names.contains($0) }
        guard newClasses.count < names.count else { throw ModelError("it knows none of the classes of this data") }
        return (names.map { old.firstIndex(of: $0) }, 1)
    }

    /// Where days of date columns are counted from, by the name of their trend.
    private static func middles(_ preprocessing: Preprocessing) -> [String: Int] {
        var found: [String: Int] = [:]
        for column in preprocessing.schema?.columns ?? [] {
            if case .date(let parts) = column.kind { found[column.name] = parts.middle }
        }
        return found
    }
}
