import ArgumentParser
import Selection

/// `--l2`.
enum PenaltyChoice: Equatable {
    case value(Double)
    /// By cross-validation.
    case auto

    static let parse: @Sendable (String) throws -> PenaltyChoice = { text in
        if text == "auto" { return .auto }
        guard let value = try? NumberRange.nonNegative.parse(text) else {
            throw ValidationError("expected a number, 0 or above, or auto")
        }
        return .value(value)
    }

    /// Nil: the data say it.
    var number: Double? { if case .value(let value) = self { value } else { nil } }
}

/// `--rule`.
enum PenaltyRule: String, WordOption {
    case best
    case oneStandardError = "1se"

    var rule: PenaltyCurve.Rule { self == .best ? .best : .oneStandardError }
}

/// `--grid`: values of λ, divided by commas.
struct PenaltyValues: Equatable {
    let text: String
    let values: [Double]

    static let parse: @Sendable (String) throws -> PenaltyValues = { text in
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let values = words.compactMap { try? NumberRange.positive.parse($0.filter { $0 != " " }) }
        guard values.count == words.count, values.allSatisfy({ $0 <= PenaltyGrid.most }) else {
            throw ValidationError("expected numbers above 0 and up to 1e30, divided by commas, such as 0.1,0.01,0.001")
        }
        guard Set(values).count == values.count else { throw ValidationError("a value stands there twice") }
        return PenaltyValues(text: text, values: values)
    }
}

/// How `--l2 auto` chooses.
struct PenaltyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "With --l2 auto: parts of the rows, each of which is held out once: 2 to 100 (default: 5).",
            valueName: "folds"),
        transform: parseCount(atLeast: 2, atMost: 100))
    var cv: Int?

    @Option(
        help: ArgumentHelp(
            "With --l2 auto: which λ is taken (default: best).",
            discussion: """
                best: that of the least loss on rows held out. 1se: the largest whose loss is within a standard error of that.
                """))
    var rule: PenaltyRule?

    @Option(
        help: ArgumentHelp(
            "With --l2 auto: the values of λ to choose from, divided by commas (default: powers of ten, from where little is left of "
                + "the coefficients down to where less changes nothing, then 2 and 5 times those around the best).",
            valueName: "values"),
        transform: PenaltyValues.parse)
    var grid: PenaltyValues?
}
