import Foundation
import Models

/// The pinball loss, smoothed: minimised by the τ-quantile of y given x instead of its mean.
///
/// f(m, y) = τ (y − m) + s log(1 + exp(−(y − m)/s)); s → 0 is the pinball loss itself. A loss of one margin needs no more than
/// this: exact sums, curvature, line search and rows over ranks come with `LinearModel`.
struct SmoothPinball: ScalarLoss {
    /// τ, in (0, 1).
    var quantile: Double
    /// s, in standard deviations of the label.
    var smoothing = 0.02

    func value(_ margin: Double, _ label: Double) -> Double {
        let u = (margin - label) / smoothing
        // log(1 + eᵘ) without overflow.
        return smoothing * (max(u, 0) + log1p(exp(-abs(u)))) - quantile * (margin - label)
    }

    func derivative(_ margin: Double, _ label: Double) -> Double { sigmoid((margin - label) / smoothing) - quantile }

    func secondDerivative(_ margin: Double, _ label: Double) -> Double {
        let p = sigmoid((margin - label) / smoothing)
        return p * (1 - p) / smoothing
    }

    private func sigmoid(_ u: Double) -> Double { 1 / (1 + exp(-u)) }
}
