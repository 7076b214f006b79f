import Datasets
import Kernels

/// A model whose Hessian can be sketched from its features: Σ h_i x̂_i x̂_iᵀ, the same for each class, x̂ = (x, 1) with an
/// intercept. The trainer makes its preconditioner of it.
public protocol CurvatureModel: Model {
    /// D.
    var featureCount: Int { get }
    var hasIntercept: Bool { get }
    /// C, parameters per feature.
    var classCount: Int { get }
    /// Mean h at x = 0.
    var curvatureAtZero: Double { get }
    /// h of a row of weight 1 where it is the same at every x, which makes the objective a quadratic; else nil.
    var constantCurvature: Double? { get }
    /// Adds Σ x_j² of the true rows to `sums` (D), for sparse ones Σ (x_j² − s_j²) with their shift s; each row's or entry's
    /// term is an addend for sums that begin at their anchors.
    func addColumnSquares(_ batch: Batch, into sums: UnsafeMutableBufferPointer<Double>)
    /// h_i of this rank's part of the batch, in batch order.
    func curvatureWeights(of batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> AlignedBuffer<Float>
    /// x̂_i·v of this rank's part of the batch, C values a row, in batch order.
    func margins(of batch: Batch, along direction: UnsafeBufferPointer<Float>) -> AlignedBuffer<Float>
    /// Σ weights_i x̂_i x̂_iᵀ over this rank's part of the batch.
    func curvature(of batch: Batch, weights: AlignedBuffer<Float>, grid: MomentGrid?) -> SecondMoment
    /// What the grid of that sum is best made for.
    func rootRanges(of batch: Batch, weights: AlignedBuffer<Float>) -> RootRanges
    /// The Hessian of a row is (diag p − p pᵀ) ⊗ x̂x̂ᵀ of the classes' probabilities p, not a multiple of I ⊗ x̂x̂ᵀ.
    var couplesClasses: Bool { get }
    /// For each pair c ≤ d of classes |ω p_c (1[c = d] − p_d)| of the rows of the batch, times `weights`.
    func classCurvatures(of batch: Batch, at parameters: UnsafeBufferPointer<Float>, weights: [Float])
        -> [AlignedBuffer<Float>]
    /// Σ ω_i x̂_i x̂_iᵀ over this rank's part of the batch, ω the sample weights.
    func secondMoment(of batch: Batch, grid: MomentGrid?) -> SecondMoment
}

extension LinearModel: CurvatureModel {
    public var classCount: Int { loss.classes }
    public var curvatureAtZero: Double { loss.curvatureAtZero }
    public var constantCurvature: Double? { loss.constantCurvature }

    public var couplesClasses: Bool { loss is any SoftmaxCurvature }

    public func classCurvatures(
        of batch: Batch, at parameters: UnsafeBufferPointer<Float>, weights: [Float]
    ) -> [AlignedBuffer<Float>] {
        let classes = loss.classes
        let probabilities = AlignedBuffer<Float>(count: max(1, batch.count * classes))
        predict(batch, at: parameters, into: probabilities.elements)
        let pairs = (0..<classes * (classes + 1) / 2).map { _ in AlignedBuffer<Float>(count: batch.count) }
        for (index, row) in batch.rows.enumerated() {
            let weight = weights[index] * batch.dataset.weight(of: row)
            let p = probabilities.pointer + index * classes
            var pair = 0
            for c in 0..<classes {
                for d in c..<classes {
                    pairs[pair].pointer[index] = weight * p[c] * (c == d ? max(0, 1 - p[c]) : p[d])
                    pair += 1
                }
            }
        }
        return pairs
    }

    public func addColumnSquares(_ batch: Batch, into sums: UnsafeMutableBufferPointer<Double>) {
        guard let target = sums.baseAddress else { return }
        let parts = BatchParts(batch, threads: threads, classes: 1, merged: featureCount)
        // Each begins where the sums do, at their anchors.
        let others = AlignedBuffer<Double>(count: (parts.count - 1) * featureCount)
        for part in 0..<parts.count - 1 {
            (others.pointer + part * featureCount).update(from: target, count: featureCount)
        }
        let start = Array(sums)
        concurrently(parts.count) { index in
            addColumnSquares(
                of: parts[index], into: index == 0 ? target : others.pointer + (index - 1) * featureCount)
        }
        for part in 0..<parts.count - 1 {
            for column in 0..<featureCount {
                target[column] += others.pointer[part * featureCount + column] - start[column]
            }
        }
    }

    private func addColumnSquares(of batch: Batch, into sums: UnsafeMutablePointer<Double>) {
        let shift = batch.dataset.shift.map { UnsafePointer($0.pointer) }
        for part in 0..<batch.rangeCount {
            let range = batch.range(part)
            switch batch.dataset.features {
            case .dense(let matrix):
                kernels.columnSquares(matrix, range, shift: shift, into: sums)
            case .sparse(let matrix):
                for entry in matrix.rowOffsets.pointer[range.lowerBound]..<matrix.rowOffsets.pointer[range.upperBound] {
                    let column = Int(matrix.columnIndices.pointer[entry])
                    let value = Double(matrix.values.pointer[entry])
                    // (v − s)² − s², never half-way between two values of the sum.
                    let term = value * (value - 2 * (shift.map { Double($0[column]) } ?? 0))
                    sums[column] += Double(bitPattern: term.bitPattern | 1)
                }
            }
        }
    }

    public func curvatureWeights(of batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> AlignedBuffer<Float> {
        let weights = AlignedBuffer<Float>(count: batch.count)
        guard batch.count > 0, let x = parameters.baseAddress else { return weights }
        let products = products(batch.dataset, at: x)
        let parts = BatchParts(batch, threads: threads, classes: loss.classes)
        concurrently(parts.count) { part in
            forEachBlock(of: parts[part], rows: products.blockRows) { rows, index in
                withBlock(products, rows) { block, _ in
                    loss.hessianWeights(block, into: weights.pointer + parts.start(part) + index)
                }
            }
        }
        return weights
    }

    public func margins(of batch: Batch, along direction: UnsafeBufferPointer<Float>) -> AlignedBuffer<Float> {
        let classes = loss.classes
        let margins = AlignedBuffer<Float>(count: batch.count * classes)
        guard batch.count > 0, let v = direction.baseAddress else { return margins }
        let products = products(batch.dataset, at: v)
        let parts = BatchParts(batch, threads: threads, classes: classes)
        concurrently(parts.count) { part in
            forEachBlock(of: parts[part], rows: products.blockRows) { rows, index in
                withBlock(products, rows) { _, found in
                    for row in 0..<rows.count {
                        (margins.pointer + (parts.start(part) + index + row) * classes)
                            .update(from: found + row * products.classStride, count: classes)
                    }
                }
            }
        }
        return margins
    }

    public func curvature(of batch: Batch, weights: AlignedBuffer<Float>, grid: MomentGrid? = nil) -> SecondMoment {
        secondMoment(of: batch, grid) { _, index in UnsafePointer(weights.pointer + index) }
    }

    public func secondMoment(of batch: Batch, grid: MomentGrid? = nil) -> SecondMoment {
        let weights = batch.dataset.weights.map { UnsafePointer($0.pointer) }
        return secondMoment(of: batch, grid) { rows, _ in weights.map { $0 + rows.lowerBound } }
    }

    public func rootRanges(of batch: Batch, weights: AlignedBuffer<Float>) -> RootRanges {
        let empty = RootRanges(columns: featureCount, hasIntercept: hasIntercept)
        return summed(BatchParts(batch, threads: threads, classes: 1, merged: featureCount), from: empty) {
            UnsafePointer(weights.pointer + $1)
        } add: {
            $0.add(batch.dataset.features, runs: $1, shift: batch.dataset.shift, kernels: kernels)
        } merge: {
            $0.add($1)
        }
    }

    private func secondMoment(
        of batch: Batch, _ grid: MomentGrid?, weights: (Range<Int>, Int) -> UnsafePointer<Float>?
    ) -> SecondMoment {
        let empty = SecondMoment(columns: featureCount, hasIntercept: hasIntercept, grid: grid)
        let parts = BatchParts(
            batch, threads: threads, classes: featureCount / 2 + 1, merged: featureCount * featureCount)
        return summed(parts, from: empty, weights: weights) {
            $0.add(batch.dataset.features, runs: $1, shift: batch.dataset.shift, kernels: kernels)
        } merge: {
            $0.add($1)
        }
    }

    /// - Parameter weights: those of consecutive rows, of which the first is this sample of the batch.
    private func summed<Sum: Sendable>(
        _ parts: BatchParts, from empty: Sum, weights: (Range<Int>, Int) -> UnsafePointer<Float>?,
        add: (inout Sum, [SecondMoment.Run]) -> Void, merge: (inout Sum, Sum) -> Void
    ) -> Sum {
        var sums = [Sum](repeating: empty, count: parts.count)
        sums.withUnsafeMutableBufferPointer { sums in
            // Unsafe: each call writes an element of its own.
            nonisolated(unsafe) let sums = sums
            concurrently(parts.count) { part in
                var runs: [SecondMoment.Run] = []
                forEachBlock(of: parts[part], rows: parts.batch.count) { rows, index in
                    runs.append((rows, weights(rows, parts.start(part) + index)))
                }
                add(&sums[part], runs)
            }
        }
        for part in 1..<sums.count { merge(&sums[0], sums[part]) }
        return sums[0]
    }
}
