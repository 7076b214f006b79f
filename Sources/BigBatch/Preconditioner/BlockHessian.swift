import Datasets
import Kernels
import Models

/// The Hessian of several classes as a whole, where it is small enough to be formed: classes hang together, and a rare one is
/// nowhere near as curved as the mean of all.
extension Objective {
    /// Parameters up to which it is.
    static var largestBlockHessian: Int { 512 }

    /// Of several classes, and few enough parameters.
    var hasBlockHessian: Bool {
        guard let model = model as? any CurvatureModel, model.couplesClasses else { return false }
        return model.featureCount * model.classCount + (model.hasIntercept ? model.classCount : 0)
            <= Self.largestBlockHessian
    }

    /// P = (∇²ℓ)⁻¹ at x.
    /// - Parameter weightFloor: share of the mean curvature that every row's gets on top.
    /// - Returns: nil where it is not positive definite.
    func hessianInverse(_ sample: CurvatureSample, at x: [Float], weightFloor: Double, rendezvous: Rendezvous) throws
        -> Preconditioner?
    {
        hasBlockHessian
            ? try blockPreconditioner(sample, at: x, weightFloor: weightFloor, rendezvous: rendezvous)
            : try densePreconditioner(sample, at: x, weightFloor: weightFloor, rendezvous: rendezvous)
    }

    /// Three reductions.
    private func blockPreconditioner(
        _ sample: CurvatureSample, at x: [Float], weightFloor: Double, rendezvous: Rendezvous
    ) throws -> Preconditioner? {
        guard let estimate, let model = model as? any CurvatureModel else { return nil }
        try prepareGrids()
        let heaviest = try sample.heaviest * largestWeight()
        let clock = Stopwatch()
        // By batches of the sample, then by pairs of classes.
        let found = x.withUnsafeBufferPointer { x in
            sample.batches.map { model.classCurvatures(of: $0.rows, at: x, weights: $0.weights) }
        }
        let pairCount = model.classCount * (model.classCount + 1) / 2
        let weightGrid = SumGrid(exponent: SumGrid.exponent(above: heaviest * Double(sample.mostRows)))
        func sum(_ values: some Sequence<Float>) -> Double {
            values.reduce(0.0) { $0 + weightGrid.round(Double($1)) }
        }
        var ownSums = [Double](repeating: 0, count: 1 + pairCount)
        for (batch, pairs) in zip(sample.batches, found) {
            ownSums[0] += sum(batch.weights)
            for pair in 0..<pairCount { ownSums[1 + pair] += sum(pairs[pair].elements) }
        }
        computeSeconds += clock.seconds
        let means = try reducer.sums(ownSums, kind: .curvature, rendezvous: rendezvous)

        let second = Stopwatch()
        let total = max(means[0], 1)
        var largest: Float = 0
        for (batch, pairs) in zip(sample.batches, found) {
            for pair in 0..<pairCount {
                let floor = Float(weightFloor * means[1 + pair] / total)
                for (index, weight) in batch.weights.enumerated() {
                    pairs[pair][index] += weight * floor
                    largest = max(largest, pairs[pair][index])
                }
            }
        }
        computeSeconds += second.seconds
        let exponent = try reducer.maxima([Int32(SumGrid.exponent(above: Double(largest)))])[0]
        let byPairs = (0..<pairCount).map { pair in found.map { $0[pair] } }
        let moments = try moments(
            sample, byPairs, below: Double(sign: .plus, exponent: Int(exponent), significand: 1), rows: sample.mostRows,
            decisive: (0..<model.classCount).map { $0 * model.classCount - $0 * ($0 - 1) / 2 }, rendezvous: rendezvous)

        let third = Stopwatch()
        var hessian = BlockHessian(width: estimate.dimension, classes: model.classCount)
        for pair in 0..<pairCount { hessian.add(moments[pair], pair: pair, over: total) }
        hessian.finish(l2: l2, penalised: model.penalisedCount)
        let made = DensePreconditioner(
            hessian.matrix, dimension: hessian.parameters, classes: 1, hasIntercept: model.hasIntercept)
        computeSeconds += third.seconds
        guard let made else { return nil }
        let classes = model.classCount
        return .dense(
            try measured(made, sample, total: total, rendezvous: rendezvous) { batch, row, left, right in
                var (sum, pair) = (0.0, 0)
                for c in 0..<classes {
                    for d in c..<classes {
                        let both = Double(left[c]) * Double(right[d])
                        let product = c == d ? both : -(both + Double(left[d]) * Double(right[c]))
                        sum += Double(found[batch][pair][row]) * product
                        pair += 1
                    }
                }
                return sum
            })
    }
}

/// Σ (diag p − p pᵀ) ⊗ x̂x̂ᵀ over all parameters, C values for each feature.
private struct BlockHessian {
    let width: Int
    let classes: Int
    var matrix: [Double]
    private let pairs: [(c: Int, d: Int)]

    var parameters: Int { width * classes }

    init(width: Int, classes: Int) {
        self.width = width
        self.classes = classes
        matrix = [Double](repeating: 0, count: width * classes * width * classes)
        pairs = (0..<classes).flatMap { c in (c..<classes).map { (c, $0) } }
    }

    /// Adds the block of a pair of classes c ≤ d: Σ p_c (1 − p_c) x̂x̂ᵀ or −Σ p_c p_d x̂x̂ᵀ.
    ///
    /// Parameters that all classes share move no probability, and there is no curvature to hold them. They get that of the
    /// classes' mean: no gradient points there, so that steps are the same, and the matrix has an inverse.
    mutating func add(_ block: [Double], pair: Int, over total: Double) {
        let (c, d) = pairs[pair]
        for j in 0..<width {
            for k in 0..<width {
                let value = block[j * width + k] / total
                if c == d {
                    matrix[(j * classes + c) * parameters + k * classes + c] += value
                    let shared = value / Double(classes * classes)
                    for a in 0..<classes {
                        for b in 0..<classes { matrix[(j * classes + a) * parameters + k * classes + b] += shared }
                    }
                } else {
                    matrix[(j * classes + c) * parameters + k * classes + d] -= value
                    matrix[(j * classes + d) * parameters + k * classes + c] -= value
                }
            }
        }
    }

    mutating func finish(l2: Double, penalised: Int) {
        for index in 0..<parameters {
            let diagonal = index * parameters + index
            if index < penalised { matrix[diagonal] += l2 }
            // As for one class.
            matrix[diagonal] *= 1 + 1e-6
            if matrix[diagonal] <= 0 { matrix[diagonal] = 1 }
        }
    }
}
