import Platform

/// How good a model is on labelled rows. Means are weighted when the rows are.
package struct Quality: Equatable {
    package var rows = 0
    /// Mean loss, without the penalty.
    package var loss = 0.0
    /// Share of the rows whose most likely class is theirs.
    package var accuracy: Double?
    /// Mean of −log(probability of the row's class).
    package var logLoss: Double?
    /// Two classes only.
    package var auc: AreaUnderCurve?
    /// Two classes: the one that is looked for, and what is said of it.
    package var positive: PositiveFigures?
    /// Two classes with probabilities: mean of (p − y)², p the probability of class 1, y 1 for its rows and else 0.
    package var brier: Double?
    package var balancedAccuracy: Double?
    /// Over classes.
    package var macro: ClassFigures.Means?
    /// Over rows.
    package var weighted: ClassFigures.Means?
    package var perClass: ClassFigures?
    /// What any one answer for all rows scores.
    package var baseline: Baseline?
    /// √ of the mean squared error, in units of the label.
    package var rmse: Double?
    /// Mean of |error|, in units of the label.
    package var mae: Double?
    /// 1 − squared error / squared deviation of the labels from their mean.
    package var r2: Double?
    /// By how much it does better than that, and how sure it is: of accuracy, or of 1 − squared error / squared deviation;
    /// nil: rows have weights.
    package var lead: Lead?
    /// By the names in result.json, for rows that the model was not trained on and where there are few.
    package var intervals: [String: Interval] = [:]
    /// Rows do not count alike.
    package var isWeighted = false
    /// For values, where details were asked for: the largest errors, largest first.
    package var worst: [WorstRow] = []
    /// For classes.
    package var confusion: ConfusionMatrix?
    /// For values, where details were asked for.
    package var residuals: ResidualMap?
    /// Whether the confusion matrix, the ROC curve or the map of the residuals is stored.
    package var isDetailed = false

    init() {}

    package struct Lead: Equatable {
        package var value: Double
        /// Of `value`, as an estimate for all such rows.
        package var standardError: Double
    }

    /// Of the class that is looked for.
    package struct PositiveFigures: Equatable {
        package var index: Int
        package var precision: Double
        package var recall: Double
        package var f1: Double
        /// nil: rows of one class only.
        package var averagePrecision: Double?
    }
}
