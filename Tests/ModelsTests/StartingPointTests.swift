import Datasets
import Models
import Testing

@Suite("Going on from another model")
struct StartingPointTests {
    private func preprocessing(
        _ features: Int, mean: [Double], scale: [Double], labels: LabelEncoding = .classes(["no", "yes"])
    ) -> Preprocessing {
        Preprocessing(
            schema: nil, featureCount: features,
            standardization: Standardization(kind: mean.isEmpty ? .none : .zscore, mean: mean, scale: scale),
            labels: labels, notes: [])
    }

    private func file(
        _ kind: ModelKind, _ parameters: [Float], _ preprocessing: Preprocessing, hasIntercept: Bool = true
    ) -> ModelFile {
        ModelFile(
            specification: ModelSpecification(
                kind: kind, featureCount: preprocessing.featureCount, classCount: preprocessing.labels.classCount,
                hasIntercept: hasIntercept), parameters: parameters, preprocessing: preprocessing, version: "1")
    }

    /// The margins of a row as it is in the data.
    private func margins(_ file: ModelFile, _ x: [Double]) -> [Double] {
        let (weights, intercepts) = file.coefficients
        return intercepts.indices.map { c in
            intercepts[c] + x.indices.reduce(0) { $0 + x[$1] * weights[$1 * intercepts.count + c] }
        }
    }

    @Test("The same margins in another scaling, and a new feature that adds nothing")
    func scaling() throws {
        let old = file(.logistic, [0.5, -2, 0.25], preprocessing(2, mean: [10, -1], scale: [2, 0.5]))
        let now = preprocessing(3, mean: [1, 2, 3], scale: [4, 5, 6])
        let specification = ModelSpecification(kind: .logistic, featureCount: 3, classCount: 2)
        let point = try StartingPoint(old, for: specification, now)
        #expect(point.known == 2 && point.new == ["3"] && point.gone.isEmpty && point.parameters[2] == 0)
        let next = file(.logistic, point.parameters, now)
        for x in [[0.0, 0, 0], [3, -7, 100], [-2, 0.5, -9]] {
            #expect(abs(margins(next, x)[0] - margins(old, Array(x[..<2]))[0]) < 1e-4)
        }
        let back = try StartingPoint(next, for: old.specification, old.preprocessing)
        #expect(back.gone == ["3"] && back.known == 2)
        for (found, value) in zip(back.parameters, old.parameters) { #expect(abs(found - value) < 1e-5) }
    }

    @Test("A column that is gone counts as what it was in the mean")
    func gone() throws {
        let old = file(.logistic, [0.5, -200, 0.25], preprocessing(2, mean: [10, 2000], scale: [2, 7]))
        let now = preprocessing(1, mean: [9], scale: [3])
        let point = try StartingPoint(
            old, for: ModelSpecification(kind: .logistic, featureCount: 1, classCount: 2), now)
        #expect(point.gone == ["2"])
        for x in [-1.0, 0, 12] {
            #expect(abs(margins(file(.logistic, point.parameters, now), [x])[0] - margins(old, [x, 2000])[0]) < 1e-4)
        }
    }

    @Test("Two classes that have changed places change the sign")
    func swapped() throws {
        let plain = preprocessing(1, mean: [], scale: [])
        let swapped = preprocessing(1, mean: [], scale: [], labels: .classes(["yes", "no"]))
        let point = try StartingPoint(
            file(.logistic, [2, -3], plain), for: ModelSpecification(kind: .logistic, featureCount: 1, classCount: 2),
            swapped)
        #expect(point.parameters == [-2, 3])
    }

    @Test("Numbers in other units of the label")
    func labels() throws {
        let old = file(
            .ridge, [2, 0.5], preprocessing(1, mean: [], scale: [], labels: .values(LabelScale(centre: 100, scale: 10)))
        )
        let now = preprocessing(1, mean: [3], scale: [2], labels: .values(LabelScale(centre: -5, scale: 4)))
        let point = try StartingPoint(old, for: ModelSpecification(kind: .ridge, featureCount: 1, classCount: 0), now)
        let next = file(.ridge, point.parameters, now)
        for x in [-1.0, 0, 12] { #expect(abs(margins(next, [x])[0] - margins(old, [x])[0]) < 1e-3) }
    }

    @Test("Classes are matched by name, new ones start at 0")
    func classes() throws {
        let old = file(
            .softmax, [1, 2, 3, 0.1, 0.2, 0.3],
            preprocessing(1, mean: [], scale: [], labels: .classes(["a", "b", "c"])))
        let now = preprocessing(1, mean: [], scale: [], labels: .classes(["b", "d", "a"]))
        let point = try StartingPoint(old, for: ModelSpecification(kind: .softmax, featureCount: 1, classCount: 3), now)
        #expect(point.parameters == [2, 0, 1, 0.2, 0, 0.1] && point.newClasses == ["d"] && point.goneClasses == ["c"])
    }

    @Test("Models that have nothing to do with the data are refused")
    func refusals() throws {
        let plain = preprocessing(1, mean: [], scale: [])
        let old = file(.logistic, [1, 0], plain)
        let logistic = ModelSpecification(kind: .logistic, featureCount: 1, classCount: 2)
        #expect(throws: ModelError.self) {
            try StartingPoint(old, for: ModelSpecification(kind: .squaredHinge, featureCount: 1, classCount: 2), plain)
        }
        #expect(throws: ModelError.self) {
            try StartingPoint(
                old, for: logistic, preprocessing(1, mean: [], scale: [], labels: .classes(["no", "si"])))
        }
        let network = ModelSpecification(
            kind: .softmax, featureCount: 1, classCount: 2, network: try NetworkDescription(name: "mlp:3"))
        #expect(throws: ModelError.self) { try StartingPoint(old, for: network, plain) }
        let huge = file(.logistic, [3e38, 0], preprocessing(1, mean: [0], scale: [1e-3]))
        #expect(throws: ModelError.self) {
            try StartingPoint(huge, for: logistic, preprocessing(1, mean: [0], scale: [1e3]))
        }
    }
}
