import Datasets
import Kernels

/// A generalised linear model: margins m = xW + b and a loss of the margins, over dense or sparse features.
///
/// Parameters: W feature-major (W[j, c] at j·C + c), then the C intercepts if there are any; λ penalises W only.
/// f(x; z_i) = ω_i f(m_i, y_i); ∇f = (x_i ⊗ r_i, r_i) with r_i = ω_i ∂f/∂m, hence exactly
/// ‖∇f‖² = ‖r_i‖² (‖x_i‖² + 1[intercept]), and no per-sample gradient is ever formed.
public struct LinearModel<Loss: MarginLoss>: Model {
    public let loss: Loss
    /// D.
    public let featureCount: Int
    public let hasIntercept: Bool
    /// Threads that share a batch. The result depends on their number, not on their timing.
    public let threads: Int
    public let kernels: KernelSet
    /// Gradients of threads, margins and residuals: kept from call to call, shared by copies of this value.
    let workspace = Workspace()
    /// The vector kernels' name of the loss, if they have it.
    private let kind: LossKind?

    public init(
        _ loss: Loss, featureCount: Int, hasIntercept: Bool = true, threads: Int = 1, kernels: KernelSet = .current
    ) {
        self.loss = loss
        self.featureCount = featureCount
        self.hasIntercept = hasIntercept
        self.threads = max(1, threads)
        self.kernels = kernels
        kind = (loss as? any VectorLoss)?.kind
    }

    public var parameterCount: Int { penalisedCount + (hasIntercept ? loss.classes : 0) }
    public var penalisedCount: Int { featureCount * loss.classes }
    public var outputCount: Int { loss.classes }

    /// Zero: the losses are convex.
    public func initialParameters(seed: UInt64) -> [Float] { [Float](repeating: 0, count: parameterCount) }

    public func accumulate(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        guard batch.count > 0, let x = parameters.baseAddress, let g = gradient.baseAddress else { return LossSums() }
        return accumulateInParts(batch, products(batch.dataset, at: x), into: g)
    }

    func accumulateInParts(
        _ batch: Batch, _ products: MarginProducts, into g: UnsafeMutablePointer<Double>
    ) -> LossSums {
        if case .sparse(let matrix) = batch.dataset.features, loss.classes > 1 {
            return accumulateByColumns(batch, matrix, products, into: g)
        }
        let parts = BatchParts(batch, threads: threads, classes: loss.classes, merged: parameterCount)
        if parts.count == 1 { return accumulate(batch, products, into: g) }
        // One gradient a thread; the first adds to the caller's at once.
        let sums = AlignedBuffer<LossSums>(count: parts.count)
        workspace.with(Double.self, count: (parts.count - 1) * parameterCount) { others in
            concurrently(parts.count) { index in
                let target = index == 0 ? g : others + (index - 1) * parameterCount
                if index > 0 { target.update(repeating: 0, count: parameterCount) }
                sums.pointer[index] = accumulate(parts[index], products, into: target)
            }
            for index in 1..<parts.count {
                let other = UnsafeBufferPointer(
                    start: UnsafePointer(others + (index - 1) * parameterCount), count: parameterCount)
                FixedOrder.add(1, other, to: UnsafeMutableBufferPointer(start: g, count: parameterCount))
            }
        }
        return sums.elements.reduce(into: LossSums()) { $0.add($1) }
    }

    /// One read of the rows, block by block.
    private func accumulate(
        _ batch: Batch, _ products: MarginProducts, into gradient: UnsafeMutablePointer<Double>
    ) -> LossSums {
        if let kind, case .dense(let matrix) = batch.dataset.features, products.known == nil {
            return accumulateDense(batch, matrix, kind, products, into: gradient)
        }
        var total = LossSums()
        var sum = GradientSum(products: products, gradient: gradient)
        forEachBlock(of: batch, rows: products.blockRows) { rows, _ in
            withBlock(products, rows) { block, residuals in
                total.loss += loss.residuals(block, into: residuals)
                total.squaredNorms += sum.squaredNorms(rows, residuals: residuals)
                sum.add(rows, residuals: residuals)
            }
        }
        sum.finish()
        return total
    }

    /// One kernel does it all.
    private func accumulateDense(
        _ batch: Batch, _ matrix: DenseMatrix, _ kind: LossKind, _ products: MarginProducts,
        into gradient: UnsafeMutablePointer<Double>
    ) -> LossSums {
        let dataset = batch.dataset
        let partial = AlignedBuffer<Float>(count: matrix.stride)
        var totals = PassTotals()
        for index in 0..<batch.rangeCount {
            kernels.pass(
                kind, matrix, batch.range(index), weights: products.weights, offset: products.offsets.pointer[0],
                labels: dataset.labels.pointer, sampleWeights: dataset.weights.map { UnsafePointer($0.pointer) },
                squaredNorms: dataset.squaredNorms.pointer,
                extra: hasIntercept ? Double(dataset.interceptSquaredNorm) : 0, partial: partial.pointer,
                sums: gradient, totals: &totals)
        }
        withUnsafePointer(to: totals.residuals) { products.finish(gradient, residualSums: $0) }
        return LossSums(loss: totals.loss, squaredNorms: totals.squaredNorms)
    }

    public func loss(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> Double {
        guard batch.count > 0, let x = parameters.baseAddress else { return 0 }
        let products = products(batch.dataset, at: x)
        return BatchParts(batch, threads: threads, classes: loss.classes).sum { part in
            var total = 0.0
            forEachBlock(of: part, rows: products.blockRows) { rows, _ in
                withBlock(products, rows) { block, _ in total += loss.loss(block) }
            }
            return total
        }
    }

    public func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>
    ) {
        guard batch.count > 0, let x = parameters.baseAddress, let out = outputs.baseAddress else { return }
        let products = products(batch.dataset, at: x)
        let parts = BatchParts(batch, threads: threads, classes: loss.classes)
        concurrently(parts.count) { part in
            forEachBlock(of: parts[part], rows: products.blockRows) { rows, index in
                withBlock(products, rows) { block, _ in
                    loss.predict(block, into: out + (parts.start(part) + index) * loss.classes)
                }
            }
        }
    }

    /// - Precondition: `parameters` outlives the result.
    func products(_ dataset: Dataset, at parameters: UnsafePointer<Float>) -> MarginProducts {
        precondition(dataset.features.columns == featureCount, "model and data differ in their number of features")
        return MarginProducts(
            dataset: dataset, kernels: kernels, classes: loss.classes, hasIntercept: hasIntercept,
            parameters: parameters)
    }

    /// Computes the margins of `rows` in scratch memory, and passes them on; the body may overwrite them.
    func withBlock(
        _ products: MarginProducts, _ rows: Range<Int>, _ body: (MarginBlock, UnsafeMutablePointer<Float>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count * products.classStride) { scratch in
            guard let margins = scratch.baseAddress else { return }
            products.margins(rows, into: margins)
            body(MarginBlock(batchRows: rows, of: products.dataset, margins: margins, kernels: kernels), margins)
        }
    }
}

/// Visits the rows of a batch in blocks; the second argument is the number of samples visited before.
func forEachBlock(of batch: Batch, rows blockRows: Int, _ body: (Range<Int>, Int) -> Void) {
    var index = 0
    for part in 0..<batch.rangeCount {
        let range = batch.range(part)
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + blockRows, range.upperBound)
            body(start..<end, index)
            index += end - start
            start = end
        }
    }
}
