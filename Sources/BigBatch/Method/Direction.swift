/// Where a step goes, by the gradient of its batch.
public protocol Direction: StatefulRule {
    associatedtype State
    /// What it remembers before the first step.
    func start(parameterCount: Int) -> State
    /// Writes d.
    /// - Parameters:
    ///   - d: on entry Δx/α of the last step, where there was one.
    ///   - hasLastStep: false at the start and where the last batch had no good step.
    func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool, _ state: inout State)
    /// The norm that the noise of its steps counts in, where it learns one; nil: that of the preconditioner.
    func norm(_ state: State) -> LearnedNorm?

    /// d need not go down on the batch: rules that search ask, and take −P g_B instead.
    var mayRise: Bool { get }
    /// The next d depends on the last step.
    var continuesLastStep: Bool { get }
    /// α that needs no tuning.
    var standardStep: Double { get }
    /// How much longer than α a step from K rows is, where α is not given.
    func stretch(batchSize: Int) -> Double
    /// λ is no part of the objective of models that are not convex: weights shrink apart from the gradient.
    var decaysWeights: Bool { get }
    /// w ← w − rate · w in the step's own scale, rate = αλ.
    func decay(_ weights: UnsafeMutableBufferPointer<Float>, rate: Float, _ state: State)
}

extension Direction {
    public func norm(_ state: State) -> LearnedNorm? { nil }
    public var mayRise: Bool { true }
    public var continuesLastStep: Bool { false }
    public var standardStep: Double { 0.1 }
    public func stretch(batchSize: Int) -> Double { 1 }
    public var decaysWeights: Bool { false }
    public func decay(_ weights: UnsafeMutableBufferPointer<Float>, rate: Float, _ state: State) {
        for j in weights.indices { weights[j] -= rate * weights[j] }
    }
}

/// The gradient of a batch as a direction sees it.
public protocol BatchGradient: AnyObject {
    /// g_B, regulariser included.
    var gradient: [Float] { get }
    /// P is not the identity.
    var isPreconditioned: Bool { get }
    /// d = −P g_B.
    func writeDescent(into d: inout [Float])
}

extension Objective: BatchGradient {}

/// d = −P g_B.
public struct Descent: Direction {
    public init() {}
    public func start(parameterCount: Int) -> NoState { NoState() }
    public var mayRise: Bool { false }

    public func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool, _ state: inout NoState) {
        gradient.writeDescent(into: &d)
    }
}
