import Datasets
import Models
import Platform

/// All coefficients of a linear model, for other programs: a CSV table or a JSON object.
package struct CoefficientsFile {
    private let model: LearnedModel
    private let standardization: Standardization
    private let meanPlaces: [String: Int]

    /// nil: a network, which has none.
    package init?(_ file: ModelFile) {
        guard let model = LearnedModel(file) else { return nil }
        self.model = model
        standardization = file.preprocessing.standardization
        meanPlaces = Dictionary(
            file.preprocessing.featureNames.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// One line for each feature and output: column,kind,feature,output,coefficient,scaled,mean,scale,gaps,influence. A coefficient
    /// is for features and labels as they are in the data; `scaled` for (x − mean) / scale. Intercepts and columns that are
    /// no part of the model have lines of their own.
    package var csv: String {
        var text = "column,kind,feature,output,coefficient,scaled,mean,scale,gaps,influence\n"
        let names = outputNames
        func line(_ fields: [String]) { text += fields.map(CSVText.field).joined(separator: ",") + "\n" }
        for (output, intercept) in model.intercepts.enumerated() {
            line(["", "intercept", "", names[output], intercept.description, "", "", "", "", ""])
        }
        for column in model.columns {
            for feature in column.features {
                for (output, name) in names.enumerated() {
                    line([
                        column.name, column.kind.rawValue, feature.name, name, feature.perUnit[output].description,
                        feature.perScale[output].description, mean(feature).description, feature.scale.description,
                        column.gaps ?? "", column.influence.description,
                    ])
                }
            }
        }
        for column in model.leftOut {
            line([column.name, "left out: " + column.reason] + [String](repeating: "", count: 8))
        }
        return text
    }

    package var json: JSON {
        .object([
            ("effect", .string(model.effect.rawValue)), ("outputs", .array(outputNames.map { .string($0) })),
            ("intercepts", .array(model.intercepts.map { .number($0) })),
            ("scaling", .string(standardization.kind.rawValue)),
            (
                "columns",
                .array(
                    model.columns.map { column in
                        var members: [(key: String, value: JSON)] = [
                            ("name", .string(column.name)), ("kind", .string(column.kind.rawValue)),
                            ("influence", .number(column.influence)),
                        ]
                        if let gaps = column.gaps { members.append(("gaps", .string(gaps))) }
                        // No category is left out as the reference: a row of none of them adds nothing.
                        if column.kind == .categories {
                            members.append(("reference", .string("any other value adds 0")))
                        }
                        members.append(("features", .array(column.features.map(json))))
                        return .object(members)
                    })
            ),
            (
                "leftOut",
                .array(model.leftOut.map { .object([("name", .string($0.name)), ("reason", .string($0.reason))]) })
            ),
        ])
    }

    private func json(_ feature: LearnedModel.Feature) -> JSON {
        .object([
            ("name", .string(feature.name)), ("coefficients", .array(feature.perUnit.map { .number($0) })),
            ("scaled", .array(feature.perScale.map { .number($0) })), ("mean", .number(mean(feature))),
            ("scale", .number(feature.scale)),
        ])
    }

    private func mean(_ feature: LearnedModel.Feature) -> Double {
        guard let place = meanPlaces[feature.name], !standardization.mean.isEmpty else { return 0 }
        return standardization.mean[place]
    }

    private var outputNames: [String] {
        model.outputs.isEmpty ? model.intercepts.map { _ in "" } : model.outputs
    }
}
