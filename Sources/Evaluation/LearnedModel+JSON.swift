import Datasets
import Platform

extension LearnedModel {
    /// Columns, features of one and outputs of a feature that result.json holds.
    fileprivate static let (largestColumns, largestFeatures, largestOutputs) = (20, 12, 10)
    package static var listed: Int { largestColumns }

    /// In result.json.
    package var json: JSON {
        let shown = columns.prefix(Self.largestColumns).filter { $0.influence > 0 }
        return .object([
            ("effect", .string(effect.rawValue)), ("outputs", .array(outputs.map { .string($0) })),
            (
                "intercepts",
                .array(outputs.count > Self.largestOutputs ? [] : intercepts.map { .rounded($0, 6) })
            ),
            ("scaling", .string(scaling.rawValue)), ("influencesCompare", .bool(influencesCompare)),
            ("columnCount", .integer(columnCount)),
            ("columns", .array(shown.map(\.json))),
            (
                "leftOut",
                .array(
                    leftOut.prefix(50).map { .object([("name", .string($0.name)), ("reason", .string($0.reason))]) })
            ),
        ])
    }

    /// What `json` wrote.
    package init?(json: JSON) {
        guard let effect = json["effect"]?.string.flatMap({ Effect(rawValue: $0) }),
            let columns = json["columns"]?.array
        else { return nil }
        self.effect = effect
        outputs = json["outputs"]?.array?.compactMap(\.string) ?? []
        intercepts = json["intercepts"]?.array?.compactMap(\.double) ?? []
        scaling = json["scaling"]?.string.flatMap { StandardizationKind(rawValue: $0) } ?? .none
        influencesCompare = json["influencesCompare"]?.bool ?? false
        columnCount = json["columnCount"]?.integer ?? columns.count
        self.columns = columns.compactMap { Column(json: $0) }
        leftOut = (json["leftOut"]?.array ?? [JSON]()).compactMap { (entry: JSON) -> TableSchema.LeftOut? in
            guard let name = entry["name"]?.string, let reason = entry["reason"]?.string else { return nil }
            return TableSchema.LeftOut(name: name, reason: reason)
        }
    }
}

extension LearnedModel.Column {
    /// The features with the largest effects, the largest first.
    package func largest(_ count: Int) -> [LearnedModel.Feature] {
        // A category of few rows may have any effect, and moves little.
        let sizes = features.map { feature in
            feature.perScale.reduce(0) { max($0, $1.magnitude) } * (feature.share ?? 1).squareRoot()
        }
        return features.indices.sorted { (sizes[$0], $1) > (sizes[$1], $0) }.prefix(count).map { features[$0] }
    }

    fileprivate var json: JSON {
        var members: [(key: String, value: JSON)] = [
            ("name", .string(name)), ("kind", .string(kind.rawValue)), ("influence", .rounded(influence, 5)),
            ("featureCount", .integer(features.count)),
            ("features", .array(largest(LearnedModel.largestFeatures).map(\.json))),
        ]
        if let gaps { members.append(("gaps", .string(gaps))) }
        return .object(members)
    }

    fileprivate init?(json: JSON) {
        guard let name = json["name"]?.string,
            let kind = json["kind"]?.string.flatMap({ LearnedModel.Kind(rawValue: $0) }),
            let influence = json["influence"]?.double
        else { return nil }
        self.init(
            name: name, kind: kind, influence: influence,
            features: (json["features"]?.array ?? []).compactMap { LearnedModel.Feature(json: $0) },
            featureCount: json["featureCount"]?.integer, gaps: json["gaps"]?.string)
    }
}

extension LearnedModel.Feature {
    /// Outputs with the largest effects: all, or a few of many.
    package func strongest(_ count: Int) -> [Int] {
        Array(
            perScale.indices.sorted { (perScale[$0].magnitude, $1) > (perScale[$1].magnitude, $0) }.prefix(count))
    }

    fileprivate var json: JSON {
        let outputs = perScale.count > LearnedModel.largestOutputs ? strongest(3) : Array(perScale.indices)
        var members: [(key: String, value: JSON)] = [
            ("name", .string(name)), ("scale", .rounded(scale, 6)),
            ("perScale", .array(outputs.map { .rounded(perScale[$0], 6) })),
            ("perUnit", .array(outputs.map { .rounded(perUnit[$0], 6) })),
        ]
        if let share { members.append(("share", .rounded(share, 4))) }
        if outputs.count < perScale.count { members.append(("outputs", .array(outputs.map { .integer($0) }))) }
        return .object(members)
    }

    fileprivate init?(json: JSON) {
        guard let name = json["name"]?.string, let scale = json["scale"]?.double,
            let perScale = json["perScale"]?.array?.compactMap(\.double),
            let perUnit = json["perUnit"]?.array?.compactMap(\.double), perUnit.count == perScale.count
        else { return nil }
        self.init(
            name: name, perUnit: perUnit, perScale: perScale, scale: scale, share: json["share"]?.double,
            listed: json["outputs"]?.array?.compactMap(\.integer))
    }
}
