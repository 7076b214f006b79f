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

    /// What a test found is not the gap.
    func isFlattening(
        _ test: GapTest, _ view: SampleView, _ curvature: Preconditioner, delta: Double, _ opening: OpeningState
    ) throws -> Bool {
        guard let ahead = try curvatureAhead(opening, step: curvature.product(view.unbiased)) else { return false }
        return GapTest(view, product: ahead.product).gap - test.gap > Self.share * delta
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

    /// The same of the gradient of all rows: gᵀP₁g where that is above the goal of ½‖g‖²_P, and P₁ then makes the next step.
    func flattenedNorm(_ norm: Double, goal: Double) throws -> Double {
        guard !isQuadratic else { return norm }
        let step = objective.preconditioner.product(objective.gradient.map { Double($0) })
        guard let ahead = try objective.curvatureOfAll(at: moved(along: step), rendezvous: rendezvous()) else {
            return norm
        }
        let found = ahead.squaredNorm(objective.gradient)
        guard found / 2 > goal else { return norm }
        objective.adopt(ahead)
        return found
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
