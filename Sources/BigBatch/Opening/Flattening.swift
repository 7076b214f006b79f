import Models

/// Where ½gᵀPg is not the gap: the curvature along a Newton step goes with it.
///
/// A direction may be curved by a few rows alone that the model has right already, e^−m each with margins m. A step makes m
/// larger by about 1 and takes most of the curvature away, so that many steps follow of which ½gᵀPg, P = (∇²ℓ(x))⁻¹, tells next to
/// nothing (covtype without an intercept, for which rare columns stand in: 1/64 of the gap). The curvature at the step's end
/// tells: gᵀP₁g − gᵀPg with P₁ = (∇²ℓ(x − Pg))⁻¹.
extension Trainer {
    /// Of the tolerance: what P₁ may add to a gap that a test found, and to gᵀPg before the sample grows.
    private static var share: Double { 0.25 }

    /// What a test found is not the gap, and where ℓ̃ told so, its minimum.
    func flattening(
        _ test: GapTest, _ view: SampleView, _ curvature: Preconditioner, delta: Double, _ opening: OpeningState
    ) throws -> Flattening? {
        guard let ahead = try curvatureAhead(opening, step: curvature.product(view.unbiased)) else { return nil }
        let allowed = Self.share * delta
        if GapTest(view, product: ahead.product).gap - test.gap > allowed { return Flattening() }
        return try correctedDescent(
            opening, gradient: view.unbiased, beyond: test.gap + test.noise / 2 + allowed
        ).map { Flattening(descent: $0) }
    }

    /// Whether steps along a flattening direction are to be made before the sample grows: P₁ then makes the next one. Asked once the
    /// sample's noise is about the tolerance: before, it would hide such a direction.
    func stay(
        _ opening: inout OpeningState, step: [Double], gradient: [Double], norm: Double, noise: Double, delta: Double
    ) throws -> Bool {
        guard OpeningState.rest * norm <= noise, noise <= 2 * delta,
            let ahead = try curvatureAhead(opening, step: step)
        else { return false }
        let added = zip(ahead.product(gradient), gradient).reduce(0) { $0 + $1.0 * $1.1 } - norm
        guard added > max(norm, Self.share * delta) else { return false }
        objective.adopt(ahead)
        opening.stay()
        return true
    }

    /// The same of the gradient of all rows: where ½gᵀP₁g or the fall of ℓ̃ is above the goal of ½‖g‖²_P, twice that, with `direction`
    /// and P for the next step.
    func flattenedNorm(_ norm: Double, goal: Double, _ opening: OpeningState) throws -> Double {
        objective.writeDescent(into: &direction)
        guard !isQuadratic else { return norm }
        let gradient = objective.gradient.map { Double($0) }
        let end = moved(along: objective.preconditioner.product(gradient))
        guard let ahead = try objective.curvatureOfAll(at: end, rendezvous: rendezvous()) else { return norm }
        let found = ahead.squaredNorm(objective.gradient)
        if found / 2 > goal {
            objective.adopt(ahead)
            objective.writeDescent(into: &direction)
            return found
        }
        try drawSample(opening)
        defer { segments = [] }
        // Another sample's P: what is off by a little is no other gap.
        guard let descent = try correctedDescent(opening, gradient: gradient, beyond: goal * (1 + 2 * Self.share))
        else {
            return norm
        }
        objective.adopt(descent.curvature)
        for j in direction.indices { direction[j] = descent.point[j] - state.parameters[j] }
        return 2 * descent.fall
    }

    /// P₁; nil where the curvature is the same everywhere.
    private func curvatureAhead(_ opening: OpeningState, step: [Double]) throws -> Preconditioner? {
        isQuadratic ? nil : try curvature(opening, at: moved(along: step))
    }

    private var isQuadratic: Bool { (objective.model as? any CurvatureModel)?.constantCurvature != nil }

    private func moved(along step: [Double]) -> [Float] {
        state.parameters.indices.map { state.parameters[$0] - Float(step[$0]) }
    }
}

/// A test's gap is not the gap.
struct Flattening {
    /// How far the loss falls instead; nil: not asked, since P₁ said it.
    var descent: CorrectedDescent?
}
