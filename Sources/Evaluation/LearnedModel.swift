import Datasets
import Models
import Platform

/// What a linear model has learned, column by column of the data as people know it.
package struct LearnedModel: Equatable {
    /// What one feature of a column adds to each output.
    package struct Feature: Equatable {
        package var name: String
        /// One per output, for the feature as it is in the file.
        package var perUnit: [Double]
        /// One per output, in the space trained in: for one `unit` more.
        package var perScale: [Double]
        /// What the feature was divided by.
        package var scale: Double
        /// Of the rows that have the category; nil: not known, or no category.
        package var share: Double?
        /// Which outputs those are, where not all are listed.
        package var listed: [Int]?

        mutating func turn() {
            perUnit = perUnit.map { -$0 }
            perScale = perScale.map { -$0 }
        }

        /// A round number of units that the feature commonly differs by: a power of ten, at most `scale`.
        package var step: Double {
            guard scale.isFinite, scale > 0 else { return 1 }
            return pow(10, log10(scale * (1 + 1e-9)).rounded(.down))
        }
    }

    package struct Column: Equatable {
        package var name: String
        package var kind: Kind
        /// √ of the variance of what the column adds to an output over the training rows, the mean over outputs.
        package var influence: Double
        package var features: [Feature]
        /// Where fewer are listed.
        package var featureCount: Int?
        /// What stands for a missing value; nil: training saw none.
        package var gaps: String?
    }

    package enum Kind: String { case number, categories, date, feature }

    /// What one more means: added to the label, to its logarithm, or to the score of a class.
    package enum Effect: String { case value, logValue, logOdds, margin, score }

    package var effect: Effect
    /// Names of the classes that outputs speak for; empty for values.
    package var outputs: [String]
    /// One per output, for features as they are in the file.
    package var intercepts: [Double]
    /// Those of the largest influence first.
    package var columns: [Column]
    /// Of the model; fewer may be listed.
    package var columnCount: Int
    package var leftOut: [TableSchema.LeftOut]
    /// How features were scaled.
    package var scaling: StandardizationKind
    /// Deviations of 0/1 features are known, so that the influence of columns compares.
    package var influencesCompare: Bool

    /// nil: a network.
    /// - Parameter largest: how many columns to list.
    package init?(_ file: ModelFile, largest: Int = .max) {
        guard file.specification.network == nil else { return nil }
        effect = LearnedModel.effect(file.specification.kind)
        outputs = file.specification.outputCount == 1 ? Array(file.classLabels.suffix(1)) : file.classLabels
        intercepts = file.coefficients.intercepts
        leftOut = file.preprocessing.schema?.leftOut ?? []
        scaling = file.preprocessing.standardization.kind
        influencesCompare = file.meanSquares != nil
        let builder = Builder(file)
        let influences = builder.influences
        columnCount = influences.count
        let places = influences.indices.sorted { (influences[$0], $1) > (influences[$1], $0) }
        columns = builder.columns(places.prefix(largest), influences)
    }

    /// Turns effects towards the class that is looked for, where one output speaks for two.
    package mutating func look(for positive: Int, _ labels: LabelEncoding) {
        guard case .classes(let names) = labels, names.count == 2, outputs.count == 1, positive == 0,
            outputs[0] == names[1]
        else { return }
        outputs = [names[0]]
        intercepts = intercepts.map { -$0 }
        for column in columns.indices {
            for feature in columns[column].features.indices {
                columns[column].features[feature].turn()
            }
        }
    }

    private static func effect(_ kind: ModelKind) -> Effect {
        switch kind {
        case .logistic: .logOdds
        case .softmax: .score
        case .squaredHinge: .margin
        case .poisson: .logValue
        case .ridge, .huber, .auto: .value
        }
    }

    private struct Builder {
        let file: ModelFile
        let outputs: Int
        let original: [Double]
        let standardization: Standardization
        let unit: Double

        init(_ file: ModelFile) {
            self.file = file
            outputs = file.specification.outputCount
            original = file.coefficients.weights
            standardization = file.preprocessing.standardization
            unit = file.preprocessing.labels.scale.scale
        }

        /// Of every column.
        var influences: [Double] {
            guard let schema = file.preprocessing.schema else {
                return (0..<file.specification.featureCount).map { numberVariance($0).squareRoot() }
            }
            return zip(schema.columns, schema.featureRanges).map { variance($0, $1).squareRoot() }
        }

        func columns(_ chosen: some Sequence<Int>, _ influences: [Double]) -> [Column] {
            guard let schema = file.preprocessing.schema else {
                return chosen.map { place in
                    Column(
                        name: "\(place + 1)", kind: .feature, influence: influences[place],
                        features: [feature(place, "\(place + 1)")])
                }
            }
            let names = schema.featureNames
            let places = schema.featureRanges
            return chosen.map { index in
                let column = schema.columns[index]
                return Column(
                    name: column.name, kind: kind(column), influence: influences[index],
                    features: places[index].map { place in
                        var feature = feature(place, names[place])
                        if case .text = column.kind { feature.share = share(place) }
                        return feature
                    }, gaps: gaps(column))
            }
        }

        private func feature(_ place: Int, _ name: String) -> Feature {
            let range = place * outputs..<(place + 1) * outputs
            return Feature(
                name: name, perUnit: Array(original[range]), perScale: file.parameters[range].map { unit * Double($0) },
                scale: standardization.scale.isEmpty ? 1 : standardization.scale[place])
        }

        private func kind(_ column: TableSchema.Column) -> Kind {
            switch column.kind {
            case .numeric: .number
            case .text: .categories
            case .date: .date
            }
        }

        private func gaps(_ column: TableSchema.Column) -> String? {
            guard column.hasIndicator else { return nil }
            return if case .numeric(let mean) = column.kind {
                "the mean " + NumberFormat.significant(mean, 4) + ", and a feature that says so"
            } else {
                "a feature of its own"
            }
        }

        /// Of what the column adds to an output, the mean over outputs.
        private func variance(_ column: TableSchema.Column, _ places: Range<Int>) -> Double {
            switch column.kind {
            case .text: indicatorVariance(places)
            // Gaps become the mean, which is 0: both parts go their own ways.
            case .numeric:
                numberVariance(places.lowerBound)
                    + (column.hasIndicator ? indicatorVariance(places.dropFirst().indices) : 0)
            case .date: places.reduce(0) { $0 + numberVariance($1) }
            }
        }

        private func numberVariance(_ place: Int) -> Double {
            let square = file.meanSquares?[place] ?? 1
            let isCentred = !standardization.mean.isEmpty && standardization.mean[place] != 0
            // Of zeros and ones that were left as they are.
            let variance = isCentred || standardization.scale.isEmpty || square >= 1 ? square : square * (1 - square)
            return meanSquare(place) * variance
        }

        private func meanSquare(_ place: Int) -> Double {
            let range = place * outputs..<(place + 1) * outputs
            return file.parameters[range].reduce(0) {
                let weight = unit * Double($1)
                return $0 + weight * weight
            } / Double(outputs)
        }

        /// Of the rows in which a feature of zeros and ones is 1.
        private func share(_ place: Int) -> Double? {
            guard let squares = file.meanSquares else { return nil }
            let isCentred = !standardization.mean.isEmpty && standardization.mean[place] != 0
            return isCentred ? standardization.mean[place] : squares[place]
        }

        /// Of features of which at most one is 1: Σ p v² − (Σ p v)².
        private func indicatorVariance(_ places: Range<Int>) -> Double {
            guard file.meanSquares != nil else { return places.reduce(0) { $0 + meanSquare($1) } }
            var total = 0.0
            for output in 0..<outputs {
                var (mean, square) = (0.0, 0.0)
                for place in places {
                    let share = share(place) ?? 0
                    let weight = original[place * outputs + output]
                    mean += share * weight
                    square += share * weight * weight
                }
                total += max(0, square - mean * mean)
            }
            return total / Double(outputs)
        }
    }
}
