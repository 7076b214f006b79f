import Platform

extension LearnedModel {
    /// Effects multiply.
    package var isFactor: Bool { effect == .logOdds || effect == .logValue }

    /// What a number in `describe` is.
    package var effectText: String {
        switch effect {
        case .value: "what is added to the prediction, in units of the label"
        case .logValue: "what the prediction is multiplied by"
        case .logOdds: "what the odds of \(outputs.first ?? "the second class") are multiplied by"
        case .margin: "what is added to the margin, which is above 0 for \(outputs.first ?? "the second class")"
        case .score: "what is added to the score of a class; the class of the highest score is the answer"
        }
    }

    /// The largest effect of a column, for a sentence.
    package func short(_ column: Column) -> String {
        let name = column.kind == .feature ? "feature \(column.name)" : column.name
        // Of a number its size, not whether it is missing.
        let number = column.kind == .number ? column.features.first { $0.name == column.name } : nil
        guard let feature = number ?? column.largest(1).first else { return name }
        if column.kind == .categories {
            let texts = column.largest(2).map { feature in
                "\(shortName(feature, column))\(outputs.count > 1 ? ": " : " ")\(effects(feature, feature.perScale, outputs: 1))"
            }
            return "\(name) (\(texts.joined(separator: ", ")))"
        }
        let isStep = column.kind == .number || column.kind == .feature || isNumber(feature, column)
        let start = isStep ? "" : shortName(feature, column) + (outputs.count > 1 ? ": " : " ")
        return "\(name) (\(start)\(effects(feature, feature.perScale, outputs: 1))"
            + (isStep ? " for \(NumberFormat.significant(feature.scale, 3)) more" : "") + ")"
    }

    /// What a column does to the answer, its largest effects first.
    package func describe(_ column: Column, features count: Int = 4) -> String {
        if column.kind == .categories || column.kind == .date {
            let shown = column.largest(count).filter { $0.perScale.contains { $0 != 0 } }
            let texts = shown.map { feature in
                "\(shortName(feature, column))\(outputs.count > 1 ? ": " : " ")\(effects(feature, feature.perScale, outputs: 1))"
                    + (isNumber(feature, column) ? " for \(step(feature))" : rarity(feature))
            }
            let all = max(column.features.count, column.featureCount ?? 0)
            return texts.joined(separator: ", ")
                + (all > shown.count ? "; those \(shown.count) of \(all) that move most" : "")
        }
        guard let feature = column.features.first(where: { $0.name == column.name }) ?? column.features.first else {
            return ""
        }
        var text = effects(feature, feature.perScale, outputs: 3) + " for \(step(feature))"
        if feature.scale != 1, outputs.count < 2 {
            let values = feature.perUnit.map { $0 * feature.step }
            text += "; \(effects(feature, values, outputs: 3)) for \(NumberFormat.significant(feature.step, 1)) more"
        }
        if let gap = column.features.first(where: { $0.name == column.name + " is missing" }) {
            text += "; where it is missing \(effects(gap, gap.perScale, outputs: 2))"
        }
        return text
    }

    /// What rests on few rows.
    private func rarity(_ feature: Feature) -> String {
        guard let share = feature.share, share < 0.01 else { return "" }
        return " (\(NumberFormat.percent(share)) of the rows)"
    }

    private func step(_ feature: Feature) -> String {
        guard feature.scale != 1 else { return "1 more" }
        let size = NumberFormat.significant(feature.scale, 3)
        return switch scaling {
        case .mixed, .zscore: "\(size) more (one deviation)"
        case .maxabs: "\(size) more (the largest value)"
        case .unit, .none: "\(size) more"
        }
    }

    /// A date's trend is a number.
    private func isNumber(_ feature: Feature, _ column: Column) -> Bool { feature.name == column.name }

    private func shortName(_ feature: Feature, _ column: Column) -> String {
        guard feature.name.hasPrefix(column.name), feature.name.count > column.name.count else {
            return column.kind == .date ? "trend" : feature.name
        }
        let rest = feature.name.dropFirst(column.name.count)
        return rest.hasPrefix("=") ? String(rest.dropFirst()) : String(rest.drop { $0 == " " })
    }

    private func effects(_ feature: Feature, _ values: [Double], outputs count: Int) -> String {
        guard outputs.count > 1 else { return values.first.map(text) ?? "" }
        let places = feature.strongest(count)
        return places.map { place in
            let output = feature.listed.map { $0[place] } ?? place
            let name = outputs.className(output)
            return "\(name) \(text(values[place]))"
        }.joined(separator: ", ")
    }

    private func text(_ value: Double) -> String {
        guard isFactor else {
            return (value > 0 ? "+" : "") + NumberFormat.significant(value, 3)
        }
        // Near 1 more digits are needed to see anything.
        return "× " + NumberFormat.significant(exp(value), abs(value) < 0.01 ? 5 : 3)
    }
}
