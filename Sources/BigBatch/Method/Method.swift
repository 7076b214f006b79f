/// A method is a choice of rules: when the batch grows, where steps go and how far.
public struct Method: Sendable {
    public var growth: any BatchRule
    public var direction: any Direction
    /// From a batch smaller than N; of models that are not convex from any.
    public var step: any StepRule
    /// From all N rows of a convex objective.
    public var fullStep: any FullStepRule
    /// The norm the method works in, where the model knows its curvature and the direction learns none.
    public var preconditioner: PreconditionerKind
    /// Begins with steps from a sample that grows, where there are many more rows than parameters.
    public var opensOnSample = false

    public init(
        growth: any BatchRule, direction: any Direction = Descent(), step: any StepRule,
        fullStep: any FullStepRule = SameStep(), preconditioner: PreconditionerKind = .none
    ) {
        self.growth = growth
        self.direction = direction
        self.step = step
        self.fullStep = fullStep
        self.preconditioner = preconditioner
    }

    /// The method that a configuration names, for a model that is convex or not.
    public init(_ configuration: TrainerConfiguration, isConvex: Bool) {
        let kind = configuration.direction
        direction =
            switch kind {
            case .adam: Adam()
            case .adadelta: AdaDelta()
            case .momentum: Momentum(coefficient: configuration.momentum)
            case .auto, .lbfgs: isConvex ? Descent() : Momentum(coefficient: configuration.momentum)
            case .gradient: Descent()
            }
        // The paper's printed rule: α rises only when the batch grew, and no curvature is asked.
        let isPrinted = configuration.growth == .increment
        let armijo = ArmijoStep(alwaysDoubles: isConvex && !isPrinted, shrink: isPrinted ? nil : 1)
        step =
            switch configuration.step {
            case .fixed: DecayingStep(size: configuration.stepSize)
            case .sgd: DecayingStep(size: configuration.stepSize, decay: configuration.stepDecay)
            case .auto where kind.isAdaptive: DecayingStep(size: configuration.stepSize)
            case .auto: isConvex ? NewtonLengthStep() : ParabolicStep()
            // ν knows nothing of a norm that changes with every step.
            case .bb where kind.isAdaptive: armijo
            case .bb: BarzilaiBorweinStep()
            case .armijo: armijo
            }
        preconditioner =
            isPrinted || configuration.step.isConstant ? .none : configuration.preconditioner
        // Step and direction are left to the run.
        let isFree =
            configuration.step == .auto && kind == .auto && configuration.growth == .jump && preconditioner == .auto
        fullStep =
            switch kind {
            case _ where configuration.step.isConstant: SameStep()
            case .gradient: configuration.step == .bb ? FullBarzilaiBorweinStep() : GradientStep()
            case _ where isFree: ExactStep(otherwise: NewtonCGStep(otherwise: QuasiNewtonStep()))
            default: QuasiNewtonStep()
            }
        opensOnSample = isFree
        let theta = configuration.theta
        growth =
            switch configuration.step == .sgd ? .none : configuration.growth {
            case .jump:
                isConvex
                    ? JumpGrowth(theta: theta) : JumpGrowth(theta: theta, largestFactor: 1.5, noisyPasses: .infinity)
            case .increment: IncrementGrowth(theta: theta)
            case .geometric: GeometricGrowth()
            case .none: ConstantBatch()
            }
    }
}
