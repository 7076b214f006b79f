import Datasets
import Kernels
import Models

extension Objective {
    /// Takes up the preconditioner of x₀, for models that know their curvature; others keep the identity. Where the
    /// data set does not say how large its columns are, they are measured: one read of the features and one reduction.
    func adoptInitialPreconditioner(at x: [Float], rendezvous: Rendezvous) throws {
        guard let model = model as? any CurvatureModel else { return }
        try prepareGrids()
        let estimate = try prepareEstimate(model, rendezvous: rendezvous)
        if estimate.isDenseWorthwhile {
            let count = estimate.firstSampleSize
            try adoptDensePreconditioner(
                start: 0, window: min(population, 64 * count), count: count, at: x, rendezvous: rendezvous)
        } else {
            adopt(estimate.diagonal(curvature: model.curvatureAtZero))
        }
    }

    /// What preconditioners are made from, found out once.
    @discardableResult
    func prepareEstimate(_ model: any CurvatureModel, rendezvous: Rendezvous) throws -> PreconditionerEstimate {
        if let estimate { return estimate }
        var squares = try dataset.columnSquares ?? measuredColumnSquares(model, rendezvous: rendezvous)
        if model.hasIntercept { squares.append(1) }
        let made = PreconditionerEstimate(
            features: model.featureCount, hasIntercept: model.hasIntercept, classes: model.classCount,
            population: population, l2: l2, storedValues: try storedValuesPerRow(rendezvous: rendezvous),
            columnSquares: squares)
        estimate = made
        leverages =
            made.isDenseWorthwhile
            ? RowLeverages(dataset, columnSquares: squares[..<model.featureCount]) : nil
        return made
    }

    /// ½ gᵀPg, P the inverse Hessian at x as far as a dense preconditioner knows it, g the gradient of all rows at x:
    /// an estimate of ℓ(x) − ℓ*. Nil for models that do not know their curvature, and where a dense preconditioner
    /// costs too much.
    func gapByCurvature(at x: [Float], rendezvous: Rendezvous) throws -> Double? {
        guard let model = model as? any CurvatureModel else { return nil }
        try prepareGrids()
        _ = try prepareEstimate(model, rendezvous: rendezvous)
        guard let estimate, estimate.isDenseWorthwhile else { return nil }
        let preconditioner = try hessianInverse(
            fullSample(estimate, rendezvous: rendezvous), at: x, weightFloor: 0, rendezvous: rendezvous)
        return preconditioner.map { $0.squaredNorm(gradient) / 2 }
    }

    /// The preconditioner in use, made anew at x for steps on all rows; row norms, which noise is judged by, are not.
    func renewPreconditioner(at x: [Float], rendezvous: Rendezvous) throws {
        guard let estimate, let model = model as? any CurvatureModel else { return }
        if strata != nil, hasBlockHessian {
            let found = try hessianInverse(
                fullSample(estimate, rendezvous: rendezvous), at: x, weightFloor: PreconditionerEstimate.smallFloor,
                rendezvous: rendezvous)
            if let found { adopt(found) }
            return
        }
        if preconditionerSampleSize > 0 {
            return try adoptDensePreconditioner(
                start: 0, window: population, count: estimate.sampleSize, at: x, rendezvous: rendezvous)
        }
        let clock = Stopwatch()
        let count = estimate.firstSampleSize
        let batch = dataset.batch(start: 0, count: count)
        let weights = x.withUnsafeBufferPointer { model.curvatureWeights(of: batch, at: $0) }
        computeSeconds += clock.seconds
        rowsRead += count
        var grid: SumGrid? = SumGrid(exponent: SumGrid.exponent(above: 4 * model.curvatureAtZero * Double(count)))
        var sum = 0.0
        for attempt in 0... {
            guard let current = grid else { break }
            let own = weights.elements.reduce(0.0) { $0 + current.round(Double($1)) }
            sum = try reducer.sum(own, kind: .curvature, rendezvous: rendezvous)
            grid = current.next(after: sum, attempt: attempt)
        }
        let mean = sum / Double(count)
        if mean > 0 { preconditioner = estimate.diagonal(curvature: mean) }
    }

    /// P = (∇²ℓ)⁻¹ at x, from rows of all that are drawn anew.
    func curvatureOfAll(at x: [Float], rendezvous: Rendezvous) throws -> Preconditioner? {
        guard let estimate else { return nil }
        let sample = fullSample(estimate, rendezvous: rendezvous)
        preconditionerSampleSize = sample.expected
        return try hessianInverse(sample, at: x, weightFloor: 0, rendezvous: rendezvous)
    }

    /// Rows of all for a curvature at a gradient of all.
    private func fullSample(_ estimate: PreconditionerEstimate, rendezvous: Rendezvous) -> CurvatureSample {
        let count = hasBlockHessian ? estimate.blockSampleSize : estimate.sampleSize
        return drawnSample(start: 0, window: population, count: count, rendezvous: rendezvous)
    }

    private func measuredColumnSquares(_ model: any CurvatureModel, rendezvous: Rendezvous) throws -> [Double] {
        let clock = Stopwatch()
        let anchors = trueExponents().map {
            SumGrid(exponent: 2 * $0 + 1 + SumGrid.exponent(above: Double(population))).anchor
        }
        var own = anchors
        own.withUnsafeMutableBufferPointer { model.addColumnSquares(dataset.all, into: $0) }
        for (column, anchor) in anchors.enumerated() { own[column] -= anchor }
        computeSeconds += clock.seconds
        let sums = try reducer.sums(own, kind: .columns, rendezvous: rendezvous)
        rowsRead += population
        var shifts: AlignedBuffer<Float>?
        if case .sparse = dataset.features { shifts = dataset.shift }
        return (0..<model.featureCount).map { column in
            let shift = shifts.map { Double($0.pointer[column]) } ?? 0
            return sums[column] / Double(population) + shift * shift
        }
    }

    /// e with |x_j| < 2^e for the true values of each column j, centring included.
    private func trueExponents() -> [Int] {
        columnExponents.enumerated().map { column, exponent in
            let shift = dataset.shift.map { abs(Double($0.pointer[column])) } ?? 0
            return SumGrid.exponent(above: Double(sign: .plus, exponent: Int(exponent), significand: 1) + shift)
        }
    }

    /// The units of Σ h x̂x̂ᵀ over `rows` rows of h ≤ weight.
    func momentGrid(weight: Double, rows: Int, hasIntercept: Bool) -> MomentGrid {
        let root = (SumGrid.exponent(above: weight) + 1) / 2
        let exponents = trueExponents() + (hasIntercept ? [1] : [])
        return MomentGrid(exponents: exponents.map { $0 + root }, rows: rows)
    }

    /// The largest sample weight, or a little more. One reduction with weights.
    func largestWeight() throws -> Double {
        guard let weights = dataset.weights else { return 1 }
        let own = weights.elements.prefix(dataset.order.localCount).max() ?? 0
        let exponent = try reducer.maxima([Int32(SumGrid.exponent(above: Double(own)))])[0]
        return Double(sign: .plus, exponent: Int(exponent), significand: 1)
    }

    /// Nil for dense rows. One reduction for sparse ones, at the first call.
    func storedValuesPerRow(rendezvous: Rendezvous) throws -> Double? {
        guard case .sparse(let matrix) = dataset.features else { return nil }
        if let known = estimate?.storedValues { return known }
        let values = try reducer.sum(Double(matrix.nonZeros), kind: .storedValues, rendezvous: rendezvous)
        return values / Double(max(1, population))
    }

    /// Estimates a dense preconditioner at x from about `count` rows of the positions start ..< start + window. Two
    /// reductions: the mean weight and the columns' squares, then the sketch.
    func adoptDensePreconditioner(start: Int, window: Int, count: Int, at x: [Float], rendezvous: Rendezvous) throws {
        let found = try densePreconditioner(
            drawnSample(start: start, window: window, count: count, rendezvous: rendezvous), at: x,
            weightFloor: PreconditionerEstimate.weightFloor, rendezvous: rendezvous)
        guard let found else { return }
        adopt(found)
        preconditionerSampleSize = count
    }

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
                        batch.rows.dataset.features.addSquares(weights: batch.weights, grids: squareGrids, to: $0)
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
        let grid = momentGrid(
            weight: largest, rows: Int(sums.rows), hasIntercept: model.hasIntercept)
        let own = sumOfMoments(sample, curvatures, grid)
        computeSeconds += second.seconds
        let upper = try reducer.sums(own, kind: .curvature, rendezvous: rendezvous)
        rowsRead += sample.expected

        let third = Stopwatch()
        defer { computeSeconds += third.seconds }
        // A stratified sample has all rows that alone hold a column.
        let squares = sample.isDrawn ? sums.squares : estimate.columnSquares.map { $0 * sums.weight }
        return estimate.dense(
            sketch: SecondMoment.symmetric(upper[...], dimension: estimate.dimension, grid: grid),
            count: sums.weight, meanWeight: mean, sampleSquares: squares)
    }

    /// The upper triangle of Σ weight x̂x̂ᵀ over this rank's part of a sample.
    func sumOfMoments(_ sample: CurvatureSample, _ weights: [AlignedBuffer<Float>], _ grid: MomentGrid) -> [Double] {
        guard let model = model as? any CurvatureModel else { return [] }
        var total = SecondMoment(columns: model.featureCount, hasIntercept: model.hasIntercept, grid: grid)
        for (batch, weights) in zip(sample.batches, weights) where batch.rows.count > 0 {
            total.add(model.curvature(of: batch.rows, weights: weights, grid: grid))
        }
        return total.upper
    }

    /// Uses `preconditioner` for norms and steps from the next batch on.
    func adopt(_ preconditioner: Preconditioner) {
        if case .diagonal = self.preconditioner { preconditionedNorms.elements.update(repeating: 0) }
        self.preconditioner = preconditioner
        preconditionedDataset.squaredNorms = preconditionedNorms
        switch preconditioner {
        case .identity:
            preconditionedDataset = dataset
        case .diagonal(let scale, _):
            normedRows = []
            preconditionedDataset.interceptSquaredNorm = estimate?.hasIntercept == true ? scale[scale.count - 1] : 0
            let shift = dataset.shift
            scale.withUnsafeBufferPointer { scale in
                dataset.features.squaredNorms(
                    0..<dataset.order.localCount, diagonal: scale.baseAddress.unsafelyUnwrapped,
                    shift: shift.map { UnsafePointer($0.pointer) }, into: preconditionedNorms.pointer)
            }
        case .dense:
            // Rows outside `normedRows` hold 0.
            preconditionedDataset.interceptSquaredNorm = 0
        }
    }
}
