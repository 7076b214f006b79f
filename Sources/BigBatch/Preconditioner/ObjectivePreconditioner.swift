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
            centredColumns: centredColumns,
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

    /// The preconditioner with the mean curvature p_c (1 − p_c) of every class at x; that in use where there is one class, or where
    /// it knows how columns hang together.
    func preconditionerOfClasses(at x: [Float], rendezvous: Rendezvous) throws -> Preconditioner {
        guard let estimate, let model = model as? any CurvatureModel, model.couplesClasses,
            case .diagonal = preconditioner
        else { return preconditioner }
        let heaviest = try largestWeight()
        let clock = Stopwatch()
        let (classes, count) = (estimate.classes, min(population, 4000))
        let batch = dataset.batch(start: 0, count: count)
        let probabilities = AlignedBuffer<Float>(count: max(1, batch.count * classes))
        x.withUnsafeBufferPointer { model.predict(batch, at: $0, into: probabilities.elements) }
        let grid = SumGrid(exponent: SumGrid.exponent(above: heaviest * Double(count)))
        var own = [Double](repeating: 0, count: classes)
        for (index, row) in batch.rows.enumerated() {
            let weight = Double(dataset.weight(of: row))
            for c in 0..<classes {
                let p = Double(probabilities.pointer[index * classes + c])
                own[c] += grid.round(weight * p * (1 - p))
            }
        }
        computeSeconds += clock.seconds
        let sums = try reducer.sums(own, kind: .curvature, rendezvous: rendezvous)
        rowsRead += count
        // Classes that none of these rows is near are not flat.
        let least = 1e-3 * sums.reduce(0, +) / Double(classes)
        return estimate.diagonal(curvatures: sums.map { max($0, least) / Double(count) }, over: parts.own)
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

    /// The largest sample weight, or a little more. One reduction with weights.
    func largestWeight() throws -> Double {
        guard let weights = dataset.weights else { return 1 }
        let own = weights.elements.prefix(dataset.order.localCount).max() ?? 0
        let exponent = try reducer.maxima([Int32(SumGrid.exponent(above: Double(own)))])[0]
        return Double(sign: .plus, exponent: Int(exponent), significand: 1)
    }

    /// Of sparse rows.
    var centredColumns: Int {
        guard case .sparse = dataset.features, let shift = dataset.shift else { return 0 }
        return shift.elements.prefix(dataset.features.columns).count { $0 != 0 }
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
