import Kernels
import Models

/// g_B from the sums over a batch, and its norms.
extension Objective {
    /// Means and norms of the current sums, in one pass; the regulariser moves ‖g_B‖² but not V_B.
    func statistics(at x: [Float], rendezvous: Rendezvous) throws -> GradientStatistics {
        let inverse = 1 / Double(max(1, sums.count))
        let norms = try norms(at: x, inverse: inverse, products(rendezvous))
        gradientNorm = norms.euclideanNorm.squareRoot()
        var statistics = GradientStatistics(
            batchSize: sums.count, population: population,
            loss: sums.loss * inverse + currentPenalty,
            squaredGradientNorm: norms.norm,
            variance: GradientStatistics.variance(
                count: sums.count, squaredNorms: (norm?.ratio ?? 1) * sums.squaredNorms,
                squaredMeanNorm: norms.dataNorm))
        statistics.isFinitePopulation = !model.isRandom && dataset.augmentation == nil
        return statistics
    }

    /// Writes g_B, and finds its norms.
    private func norms(at x: [Float], inverse: Double, _ products: Products) throws -> GradientNorms {
        func write(lambda: Float) throws -> GradientNorms {
            let found = try products.sums(4) { writeGradient(at: x, inverse: inverse, lambda: lambda, over: $0) }
            currentPenalty = l2 / 2 * found[3]
            var norms = GradientNorms()
            (norms.dataNorm, norms.norm, norms.euclideanNorm) = (found[0], found[1], found[2])
            return norms
        }
        guard norm == nil, case .dense(let dense) = preconditioner else { return try write(lambda: Float(l2)) }
        var found = try write(lambda: 0)
        if l2 > 0 {
            let dataNorm = preconditioner.squaredNorm(gradient)
            found = try write(lambda: Float(l2))
            found.dataNorm = dataNorm
        }
        if preconditionedGradient.isEmpty { preconditionedGradient = gradient }
        found.norm = dense.product(gradient, into: &preconditionedGradient)
        if l2 == 0 { found.dataNorm = found.norm }
        return found
    }

    /// Writes g_B = mean + λ(w, 0) without its norms.
    func writeGradient(at x: [Float]) {
        let inverse = 1 / Double(max(1, sums.count))
        for block in parts.blocks { _ = writeGradient(at: x, inverse: inverse, lambda: Float(l2), over: block) }
    }

    /// Over a block of the own part: the penalised prefix, then the rest.
    /// - Returns: ‖ḡ‖²_P, ‖g‖²_P (both Euclidean with a dense P), ‖g‖², and ‖w‖² of the penalised parameters.
    private func writeGradient(at x: [Float], inverse: Double, lambda: Float, over block: Range<Int>) -> [Double] {
        if let norm {
            return norm.diagonal.withUnsafeBufferPointer {
                meanGradient(at: x, inverse: inverse, lambda: lambda, scale: $0.baseAddress, classes: 1, over: block)
            }
        }
        if case .diagonal(let scale, let classes) = preconditioner {
            return scale.withUnsafeBufferPointer {
                meanGradient(
                    at: x, inverse: inverse, lambda: lambda, scale: $0.baseAddress, classes: classes, over: block)
            }
        }
        return meanGradient(at: x, inverse: inverse, lambda: lambda, scale: nil, classes: 1, over: block)
    }

    private func meanGradient(
        at x: [Float], inverse: Double, lambda: Float, scale: UnsafePointer<Float>?, classes: Int,
        over block: Range<Int>
    ) -> [Double] {
        var norms = GradientNorms()
        var squaredWeights = 0.0
        let first = parts.own.lowerBound
        let parameters = first + block.lowerBound..<first + block.upperBound
        let whole = current.gradient.map { [(range: parts.own, sums: $0)] } ?? []
        let stretches = current.stretches.isEmpty ? whole : current.stretches
        x.withUnsafeBufferPointer { x in
            gradient.withUnsafeMutableBufferPointer { g in
                guard let x = x.baseAddress, let target = g.baseAddress else { return }
                func write(_ segment: Range<Int>, lambda: Float) {
                    for stretch in stretches {
                        let range = stretch.range.clamped(to: segment.clamped(to: parameters))
                        if range.isEmpty { continue }
                        let start = range.lowerBound
                        FixedOrder.meanGradient(
                            features: range.count / classes, classes: classes,
                            sums: stretch.sums.dropFirst(start - stretch.range.lowerBound), inverse: inverse,
                            lambda: lambda, parameters: x + start, scale: scale.map { $0 + start / classes },
                            into: target + start - first, norms: &norms)
                    }
                }
                write(0..<model.penalisedCount, lambda: lambda)
                squaredWeights = norms.squaredParameters
                write(model.penalisedCount..<model.parameterCount, lambda: 0)
            }
        }
        return [norms.dataNorm, norms.norm, norms.euclideanNorm, squaredWeights]
    }

    /// d = −P g_B, over the own part.
    func writeDescent(into d: inout [Float]) {
        let own = parts.own
        let (source, factor) =
            preconditionedGradient.isEmpty
            ? (gradient, preconditioner) : (preconditionedGradient, Preconditioner.identity)
        source.withUnsafeBufferPointer { source in
            d.withUnsafeMutableBufferPointer {
                factor.apply(
                    -1, to: source, into: UnsafeMutableBufferPointer(rebasing: $0[own]), from: own.lowerBound)
            }
        }
    }
}
