/// d = −P g_B + β Δx_prev/α_prev (heavy ball).
public struct Momentum: Direction {
    /// β.
    public var coefficient: Double

    public init(coefficient: Double = 0.9) { self.coefficient = coefficient }

    /// Room for the last step while d is made with a preconditioner; what it holds does not matter between steps.
    public struct Spare: Codable {
        var values: [Float] = []
        public init() {}
        public init(from decoder: any Decoder) throws {}
        public func encode(to encoder: any Encoder) throws { try NoState().encode(to: encoder) }
    }

    public func start(parameterCount: Int) -> Spare { Spare() }
    public var continuesLastStep: Bool { true }

    public func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool, _ spare: inout Spare) {
        guard hasLastStep else { return gradient.writeDescent(into: &d) }
        guard gradient.isPreconditioned else { return blend(-1, gradient.gradient, keeping: coefficient, of: &d) }
        if spare.values.count != d.count { spare.values = [Float](repeating: 0, count: d.count) }
        swap(&spare.values, &d)
        gradient.writeDescent(into: &d)
        axpy(coefficient, spare.values, &d)
    }
}
