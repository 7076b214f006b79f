import Models

/// What one iteration did.
struct IterationOutcome {
    var statistics: GradientStatistics
    /// α of the step taken; 0 when none was.
    var stepSize: Double
    var reason: StopReason?
}
