import CKernels
import Kernels

/// ½(m − y)².
public struct SquaredError: VectorLoss {
    public init() {}
    public var kind: LossKind { .squaredError }
    public func value(_ m: Double, _ y: Double) -> Double { 0.5 * (m - y) * (m - y) }
    public func derivative(_ m: Double, _ y: Double) -> Double { m - y }
    public func secondDerivative(_ m: Double, _ y: Double) -> Double { 1 }
    public var constantCurvature: Double? { 1 }
}

/// log(1 + exp(−s m)) with s = 2y − 1 for labels y of 0 and 1; predicts the probability of class 1.
public struct LogisticLoss: VectorLoss {
    public init() {}
    public var kind: LossKind { .logistic }
    public var slopeBound: Double? { 1 }

    public func value(_ m: Double, _ y: Double) -> Double {
        let z = (2 * y - 1) * m
        return max(-z, 0) + ck_log1p(ck_exp(-abs(z)))
    }
    public func derivative(_ m: Double, _ y: Double) -> Double { y == 1 ? -prediction(-m) : prediction(m) }
    public func secondDerivative(_ m: Double, _ y: Double) -> Double { prediction(m) * prediction(-m) }
    public func prediction(_ m: Double) -> Double { 1 / (1 + ck_exp(-m)) }

    public func predict(_ block: MarginBlock, into outputs: UnsafeMutablePointer<Float>) {
        block.kernels.sigmoid(count: block.rows, margins: block.margins, into: outputs)
    }
}

/// max(0, 1 − s m)² with s = 2y − 1 for labels y of 0 and 1, without a factor ½ (as liblinear and scikit-learn have it);
/// predicts the margin, whose sign is the class.
public struct SquaredHinge: VectorLoss {
    public init() {}
    public var kind: LossKind { .squaredHinge }
    func slack(_ m: Double, _ y: Double) -> Double { max(0, 1 - (2 * y - 1) * m) }
    public func value(_ m: Double, _ y: Double) -> Double { slack(m, y) * slack(m, y) }
    public func derivative(_ m: Double, _ y: Double) -> Double { -2 * (2 * y - 1) * slack(m, y) }
    public func secondDerivative(_ m: Double, _ y: Double) -> Double { slack(m, y) > 0 ? 2 : 0 }
}

/// ½(m − y)² where |m − y| ≤ δ, else δ(|m − y| − ½δ).
public struct HuberLoss: VectorLoss {
    public let delta: Double
    /// - Parameter delta: δ > 0, in units of the label.
    public init(delta: Double = 1.35) { self.delta = delta }
    public var kind: LossKind { .huber(delta: delta) }
    public var slopeBound: Double? { delta }

    public func value(_ m: Double, _ y: Double) -> Double {
        let size = abs(m - y)
        return size <= delta ? 0.5 * size * size : delta * (size - 0.5 * delta)
    }
    public func derivative(_ m: Double, _ y: Double) -> Double { min(max(m - y, -delta), delta) }
    public func secondDerivative(_ m: Double, _ y: Double) -> Double { abs(m - y) <= delta ? 1 : 0 }
}

/// exp(m) − y m for counts y ≥ 0, the Poisson log likelihood with log link but for a constant; predicts the rate exp(m).
public struct PoissonLoss: VectorLoss {
    public init() {}
    public var kind: LossKind { .poisson }
    public func value(_ m: Double, _ y: Double) -> Double { ck_exp(m) - y * m }
    public func derivative(_ m: Double, _ y: Double) -> Double { ck_exp(m) - y }
    public func secondDerivative(_ m: Double, _ y: Double) -> Double { ck_exp(m) }
    public func prediction(_ m: Double) -> Double { ck_exp(m) }
}
