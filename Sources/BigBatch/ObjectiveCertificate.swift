import Models

extension Objective {
    /// A bound on ℓ(x) − ℓ* that holds whatever the path to x was: primal minus dual objective over all rows. Two reads of
    /// the rows and two reductions; nil for models without a dual and for λ = 0.
    func dualityGap(at x: [Float], decision: Decision) throws -> Double? {
        guard l2 > 0, let model = model as? any DualCertificate else { return nil }
        let balance = try x.withUnsafeBufferPointer { x in
            try summed(kind: .dualBalance, decision: decision) { model.dualBalance(dataset.all, at: x) }
        }
        var sums = DualSums()
        let packet = try x.withUnsafeBufferPointer { x in
            try summed(kind: .dual, decision: decision) {
                var gradient = [Double](repeating: 0, count: model.parameterCount)
                sums = gradient.withUnsafeMutableBufferPointer {
                    model.accumulateDual(dataset.all, at: x, balance: balance, gradient: $0)
                }
                return [sums.loss, sums.conjugates] + gradient
            }
        }
        rowsRead += 2 * population
        sums = DualSums(loss: packet[0], conjugates: packet[1])
        let gap = packet[2...].withUnsafeBufferPointer { gradient in
            x.withUnsafeBufferPointer {
                model.dualityGap(sums: sums, gradient: gradient, at: $0, l2: l2, count: population)
            }
        }
        return gap.isFinite ? max(0, gap) : nil
    }

    /// The sum over all ranks of what `local` computes.
    private func summed(kind: ReductionKind, decision: Decision, _ local: () -> [Double]) throws -> [Double] {
        let clock = Stopwatch()
        var packet = [Double](repeating: 0, count: Reducer.headerCount) + local()
        computeSeconds += clock.seconds
        try packet.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: kind, decision: decision) }
        return Array(packet[Reducer.headerCount...])
    }
}
