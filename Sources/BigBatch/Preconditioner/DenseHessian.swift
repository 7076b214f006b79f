import Datasets
import Kernels
import Models

extension Objective {
    /// Sums over a sample of rows with weights w.
    private struct CurvatureSums {
        /// Σ w h, Σ w, rows, and the code of the largest w h.
        var curvature = 0.0
        var weight = 0.0
        var rows = 0.0
        var largest = 0.0
        /// Σ w x_j².
        var squares: [Double]

        init(columns: Int) { squares = [Double](repeating: 0, count: columns) }

        init(payload: [Double]) {
            (curvature, weight, rows, largest) = (payload[0], payload[1], payload[2], payload[3])
            squares = Array(payload[4...])
        }

        var payload: [Double] { [curvature, weight, rows, largest] + squares }
    }

    /// P = (∇²ℓ)⁻¹ at x as far as classes do not hang together.
    func densePreconditioner(
        _ sample: CurvatureSample, at x: [Float], weightFloor: Double, rendezvous: Rendezvous
    ) throws -> Preconditioner? {
        guard let estimate, let model = model as? any CurvatureModel else { return nil }
        try prepareGrids()
        let clock = Stopwatch()
        let curvatures = x.withUnsafeBufferPointer { x in
            sample.batches.map { model.curvatureWeights(of: $0.rows, at: x) }
        }
        let (most, heaviest) = (sample.mostRows, sample.heaviest)
        let squareGrids = trueExponents().map {
            SumGrid(exponent: 2 * $0 + SumGrid.exponent(above: heaviest * Double(most)))
        }
        let weightGrid = SumGrid(exponent: SumGrid.exponent(above: heaviest * Double(most)))
        var curvatureGrid: SumGrid? = SumGrid(
            exponent: SumGrid.exponent(above: 4 * model.curvatureAtZero * heaviest * Double(most)))
        computeSeconds += clock.seconds
        var sums = CurvatureSums(columns: 0)
        for attempt in 0... {
            guard let current = curvatureGrid else { break }
            let clock = Stopwatch()
            var own = CurvatureSums(columns: estimate.features)
            var largest: Float = 0
            for (batch, curvature) in zip(sample.batches, curvatures) {
                for (index, weight) in batch.weights.enumerated() {
                    own.curvature += current.round(Double(weight) * Double(curvature[index]))
                    own.weight += weightGrid.round(Double(weight))
                    largest = max(largest, weight * curvature[index])
                }
                own.rows += Double(batch.rows.count)
                if sample.isDrawn {
                    own.squares.withUnsafeMutableBufferPointer {
                        let rows = batch.rows.dataset
                        rows.features.addSquares(
                            weights: batch.weights, shift: rows.shift, grids: squareGrids, to: $0)
                    }
                }
            }
            own.largest = LargestOfRanks.code(largest, scale: 0)
            computeSeconds += clock.seconds
            sums = CurvatureSums(
                payload: try reducer.sums(own.payload, kind: .sampleColumns, rendezvous: rendezvous))
            curvatureGrid = current.next(after: sums.curvature, attempt: attempt)
        }

        let second = Stopwatch()
        let mean = sums.curvature / sums.weight
        for (batch, curvature) in zip(sample.batches, curvatures) {
            for (index, weight) in batch.weights.enumerated() {
                curvature[index] = weight * (curvature[index] + Float(weightFloor * mean))
            }
        }
        var level = LargestOfRanks.level(sums.largest) ?? -LargestOfRanks.levels
        if level == LargestOfRanks.levels {
            let own = curvatures.reduce(0.0) { $1.elements.reduce($0) { max($0, Double($1)) } }
            level = Int(try reducer.maxima([Int32(SumGrid.exponent(above: own))])[0])
        }
        let largest = Double(sign: .plus, exponent: level, significand: 1) + weightFloor * mean * heaviest
        computeSeconds += second.seconds
        // Columns that the sample has nothing of have no curvature to be seen.
        let held = sample.isDrawn ? sums.squares.map { $0 > 0 } + (model.hasIntercept ? [true] : []) : nil
        let moments = try moments(
            sample, [curvatures], below: largest, rows: Int(sums.rows), held: held, rendezvous: rendezvous)

        let third = Stopwatch()
        // A stratified sample has all rows that alone hold a column.
        let squares = sample.isDrawn ? sums.squares : estimate.columnSquares.map { $0 * sums.weight }
        let made = estimate.dense(
            sketch: moments[0], count: sums.weight, meanWeight: mean, sampleSquares: squares)
        computeSeconds += third.seconds
        guard case .dense(let dense) = made else { return made }
        return .dense(
            try measured(dense, sample, total: sums.weight, rendezvous: rendezvous) { batch, row, left, right in
                Double(curvatures[batch][row]) * Double(left[0]) * Double(right[0])
            })
    }
}
