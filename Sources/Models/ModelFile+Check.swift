import Datasets

/// The one door through which a model comes in: past it, no length of one part is at odds with another.
extension ModelFile {
    /// Throws `ModelError` naming the file where two of its parts are of different models.
    static func check(_ specification: ModelSpecification, _ preprocessing: Preprocessing, file: String) throws {
        func refuse(_ what: String) -> ModelError {
            ModelError("\(file) is damaged: \(what); copy it again, or train the model anew")
        }
        let features = specification.featureCount
        guard (1...Int(Int32.max)).contains(features), (0...1 << 20).contains(specification.classCount),
            specification.huberDelta.isFinite
        else { throw refuse("its counts of features and classes are none") }
        guard preprocessing.featureCount == features, preprocessing.labels.classCount == specification.classCount else {
            throw refuse("its parts describe different models")
        }
        guard preprocessing.labels.scale.isSound else { throw refuse("the scale of its labels is none") }
        guard preprocessing.standardization.fits(columns: features) else {
            throw refuse("means and scales do not fit its \(features) features")
        }
        if let schema = preprocessing.schema {
            if let fault = schema.fault { throw refuse(fault) }
            guard schema.featureCount == features else {
                throw refuse("the columns of its table make \(schema.featureCount) features, not \(features)")
            }
            if case .classes(let names) = preprocessing.labels, let stored = schema.label.names {
                guard Set(names) == Set(stored) else { throw refuse("the labels of its table are not its classes") }
            }
        }
        for shape in [preprocessing.sampleShape, specification.input].compactMap({ $0 }) where shape.count != features {
            throw refuse("rows of \(shape) have not \(features) features")
        }
    }
}
