import Kernels
import Models

extension Objective {
    /// What a row adds to the curvature between two directions, by its batch, its place there and its C margins along each.
    typealias RowCurvature =
        (_ batch: Int, _ row: Int, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>) -> Double

    /// The same with the curvature of flat directions measured row by row, where rounding, or what keeps A positive definite, may be
    /// most of it: else steps along them are too short, and the gap seems smaller than it is. Directions that λ holds are left alone.
    /// One reduction where there are others.
    /// - Parameters:
    ///   - total: what sums over rows are divided by in A.
    ///   - scale: what they are multiplied with.
    func measured(
        _ made: DensePreconditioner, _ sample: CurvatureSample, total: Double, scale: Double = 1,
        rendezvous: Rendezvous,
        _ curvature: RowCurvature
    ) throws -> DensePreconditioner {
        guard let model = model as? any CurvatureModel else { return made }
        let weights = model.penalisedCount / made.classes
        func penalty(_ k: Int, _ l: Int) -> Double {
            let (left, right) = (made.flatDirections[k].direction, made.flatDirections[l].direction)
            return l2 * zip(left, right).prefix(weights).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let open = made.flatDirections.indices.filter { penalty($0, $0) < 0.7 }
        guard !open.isEmpty else { return made }
        let clock = Stopwatch()
        let grid = SumGrid(exponent: SumGrid.exponent(above: 16 * total / scale))
        let directions = open.map { parameters(of: made.flatDirections[$0], in: made) }
        let pairs = open.indices.flatMap { k in (k..<open.count).map { (k, $0) } }
        var own = [Double](repeating: 0, count: pairs.count)
        for (index, batch) in sample.batches.enumerated() where batch.rows.count > 0 {
            let margins = directions.map { direction in
                direction.withUnsafeBufferPointer { model.margins(of: batch.rows, along: $0) }
            }
            for (place, (k, l)) in pairs.enumerated() {
                for row in 0..<batch.rows.count {
                    let first = row * model.classCount
                    own[place] += grid.round(
                        curvature(index, row, margins[k].pointer + first, margins[l].pointer + first))
                }
            }
        }
        computeSeconds += clock.seconds
        let sums = try reducer.sums(own, kind: .curvature, rendezvous: rendezvous)
        rowsRead += open.count * sample.expected
        var found = [[Double]](repeating: [Double](repeating: 0, count: open.count), count: open.count)
        for ((k, l), sum) in zip(pairs, sums) {
            let value = scale * sum / total + penalty(open[k], open[l])
            (found[k][l], found[l][k]) = (value, value)
        }
        guard found.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return made }
        // Where columns cancel in every row no gradient points. Where rows that tell them apart have no curvature left, one does, and
        // much is to be gained.
        let kept = SmallEigen(found).mapped { max($0, Self.leastCurvature) }
        return made.with(kept, at: open) ?? made
    }

    /// In units of what A says: the rounding of A turns a direction by as much as shows below.
    private static var leastCurvature: Double { 1e-3 }

    /// f as parameters of the model; where classes share A, those of the first class.
    private func parameters(of flat: FlatDirection, in made: DensePreconditioner) -> [Float] {
        var parameters = [Float](repeating: 0, count: model.parameterCount)
        for (j, value) in flat.direction.enumerated() { parameters[j * made.classes] = Float(value) }
        return parameters
    }
}
