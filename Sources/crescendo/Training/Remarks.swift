import BigBatch
import Models
import Runs

/// What a user should know about how a run went, beyond its numbers.
enum Remarks {
    static func of(
        _ report: ResultFile, _ specification: ModelSpecification, _ options: ExpertOptions, certifies: Bool = false
    ) -> [String] {
        var remarks: [String] = []
        if certifies, report.result.stopReason.isConvergence, report.result.dualityGap == nil {
            remarks.append("--certify found no bound: " + reasonForNoBound(report))
        }
        if report.result.stopReason == .divergence, let step = options.step, step.isConstant {
            remarks.append(
                "Steps of constant size (--step \(step.rawValue)) were too long for this data: give a smaller --step-size, or "
                    + "leave --step out, which finds them.")
        }
        if report.result.stopReason == .objectivePlateau, let step = options.step, step.isConstant {
            remarks.append(
                "Steps of constant size (--step \(step.rawValue)) no longer lower the objective, which need not be its optimum: "
                    + "they may be too short or too long. Leave --step out, which finds them, or give another --step-size."
            )
        }
        if report.penalty?.end == .time {
            remarks.append(
                "Time was up while λ was chosen, and smaller values were not tried. Give a longer --time-limit and --overwrite, or "
                    + "--l2 a number.")
        }
        if let learned = report.learned {
            let identifiers = learned.columns.prefix(5).filter { $0.kind == .number && looksLikeIdentifier($0.name) }
            for column in identifiers where column.influence > 0 {
                remarks.append(
                    "Column \(column.name) looks like an identifier and is taken as a quantity: leave it out (--drop "
                        + "\(column.name)), or make its values categories (--categorical \(column.name)), unless it measures something."
                )
            }
        }
        let isWithoutOptimum = specification.kind == .logistic || specification.kind == .softmax
        if report.l2 == 0, isWithoutOptimum, specification.network == nil, report.train?.accuracy == 1 {
            remarks.append(
                "The classes are separable: every training row is on its side, and without a penalty (--l2 0) the loss falls "
                    + "for ever as the coefficients grow. Their size means nothing; leave --l2 out, or give it a value above 0."
            )
        }
        return remarks
    }

    private static func reasonForNoBound(_ report: ResultFile) -> String {
        if report.validation != nil {
            return
                "rows for validation end the run before the optimum, and no bound is looked for. Leave --validation out."
        }
        if report.l2 == 0 {
            return "without a penalty (--l2 0) there is none. Give --l2 a small value, such as 1e-6."
        }
        return
            "none within ten times the tolerance, since λ is small against the curvature of the loss. A lower --tolerance or a larger "
            + "--l2 may give one."
    }

    /// id, user_id, userId, USER-ID.
    private static func looksLikeIdentifier(_ name: String) -> Bool {
        let lower = name.lowercased()
        return lower == "id" || lower.hasSuffix("_id") || lower.hasSuffix("-id") || lower.hasSuffix(" id")
            || lower.hasSuffix(".id") || name.hasSuffix("Id") && name.dropLast(2).last?.isLowercase == true
    }
}
