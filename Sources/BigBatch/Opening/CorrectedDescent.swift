import Kernels
import Models

/// Newton's method on a sample whose gradient at x is put right: how far the loss falls, whatever its curvature does on the way.
///
/// ℓ̃(v) = ℓ_S(v) + (g − ∇ℓ_S(x))ᵀ(v − x) with g ≈ ∇ℓ(x) (Shamir, Srebro & Zhang 2014, DANE, eq. 13, without the proximal term).
/// Its gradient at x is g, its curvature everywhere that of the sample: ℓ̃(x) − min ℓ̃ is the gap ℓ(x) − ℓ* as far as the sample
/// knows the curvature between x and the optimum, where ½gᵀPg knows that at x alone.
struct CorrectedDescent {
    /// v.
    fileprivate(set) var point: [Float]
    /// ℓ̃(x) − ℓ̃(v), and once steps have settled what ½‖∇ℓ̃(v)‖²_P says is left.
    fileprivate(set) var fall = 0.0
    /// (∇²ℓ_S(v))⁻¹.
    fileprivate(set) var curvature: Preconditioner
    /// The last step found the curvature that it was made for.
    fileprivate(set) var hasSettled = false

    fileprivate static let (mostSteps, mostCuts) = (20, 6)

    /// ⟨∇, v − x⟩.
    func slope(of gradient: [Double], from x: [Float]) -> Double {
        gradient.indices.reduce(0) { $0 + gradient[$1] * (Double(point[$1]) - Double(x[$1])) }
    }
}

extension Trainer {
    /// The minimum of ℓ̃ where it is more than `bound` below ℓ̃(x), or cannot be found; nil elsewhere.
    ///
    /// Parts of the sample are asked first, which costs little: two, since one row that stands for many may hold a direction in one of
    /// them that flattens in truth. Only where one of them says so, and the whole sample, it is descended.
    /// - Parameter gradient: g.
    func correctedDescent(_ opening: OpeningState, gradient: [Double], beyond bound: Double) throws
        -> CorrectedDescent?
    {
        guard let strata = objective.strata else { return nil }
        func fall(_ rows: [SampleSegment]) throws -> KeptFall {
            try fallWithoutFlatteningRows(rows, strata, gradient: gradient, bound: bound)
        }
        guard
            try objective.halves(of: segments, strata, count: opening.curvatureRows).contains(where: {
                try fall($0).isAbove(bound)
            })
        else { return nil }
        let whole = try fall(segments)
        guard whole.isAbove(bound), let curvature = whole.curvature else { return nil }
        let found = try descend(strata, gradient: gradient, curvature)
        return found.fall > bound || !found.hasSettled ? found : nil
    }

    /// Newton steps on ℓ̃; its rows are read twice a step.
    /// - Parameter curvature: (∇²ℓ_S(x))⁻¹.
    private func descend(_ strata: RowStrata, gradient: [Double], _ first: Preconditioner) throws -> CorrectedDescent {
        let origin = state.parameters
        var curvatureRows = objective.sample(of: segments, strata, count: objective.population)
        curvatureRows.asksRanges = objective.hadCoarseUnits
        func curvature(_ x: [Float]) throws -> Preconditioner? {
            try objective.hessianInverse(curvatureRows, at: x, weightFloor: 0, rendezvous: rendezvous())
        }
        func look(_ x: [Float]) throws -> SampleView {
            view(of: try objective.sums(segments, lastIsFresh: false, at: x, rendezvous: rendezvous()), at: x)
        }
        let start = try look(origin)
        let correction = zip(gradient, start.gradient).map { $0 - $1 }
        var found = CorrectedDescent(point: origin, curvature: first)
        var slope = gradient
        for _ in 0..<CorrectedDescent.mostSteps {
            let step = found.curvature.product(slope)
            let decrement = zip(step, slope).reduce(0) { $0 + $1.0 * $1.1 }
            var length = 1.0
            var reached: (point: [Float], fall: Double, view: SampleView)?
            for _ in 0..<CorrectedDescent.mostCuts where reached == nil {
                let point = step.indices.map { Float(Double(found.point[$0]) - length * step[$0]) }
                let view = try look(point)
                let moved = point.indices.reduce(0) { $0 + correction[$1] * (Double(point[$1]) - Double(origin[$1])) }
                let fall = start.loss - view.loss - moved
                if !view.isBroken, fall >= found.fall + lineSearch.sufficientDecrease * length * decrement {
                    reached = (point, fall, view)
                }
                length /= 4
            }
            guard let reached, let ahead = try curvature(reached.point) else { break }
            let isSettled = !found.curvature.isFlattened(in: ahead)
            slope = zip(reached.view.gradient, correction).map { $0 + $1 }
            found = CorrectedDescent(
                point: reached.point, fall: reached.fall, curvature: ahead, hasSettled: isSettled)
            if isSettled {
                found.fall += zip(ahead.product(slope), slope).reduce(0) { $0 + $1.0 * $1.1 } / 2
                break
            }
        }
        return found
    }
}

extension Preconditioner {
    /// Rows that hold a direction alone and are right already leave e⁻¹ of its curvature at each step.
    private static var flattening: Double { 2 }

    /// Whether `ahead` has a direction along which it has less than half the curvature of this: A ≰ 2 A₁ with A = P⁻¹.
    func isFlattened(in ahead: Preconditioner) -> Bool {
        guard case .dense(let here) = self, case .dense(let there) = ahead else { return true }
        let left = zip(here.matrix, there.matrix).map { Self.flattening * $1 - $0 }
        return Cholesky(left, dimension: here.dimension) == nil
    }
}
