import Datasets
import Kernels

/// A generalised linear model: margins m = xW + b and a loss of the margins, over dense or sparse features.
///
/// Parameters: W feature-major (W[j, c] at j·C + c), then the C intercepts if there are any; λ penalises W only.
/// f(x; z_i) = ω_i f(m_i, y_i); ∇f = (x_i ⊗ r_i, r_i) with r_i = ω_i ∂f/∂m, hence exactly
/// ‖∇f‖² = ‖r_i‖² (‖x_i‖² + 1[intercept]), and no per-sample gradient is ever formed.
public struct LinearModel<Loss: MarginLoss>: RowSumModel {
    public let loss: Loss
    /// D.
    public let featureCount: Int
    public let hasIntercept: Bool
    /// Threads that share a batch.
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
        workspace.with(Double.self, count: sumCount) { scratch in
            let sums = UnsafeMutableBufferPointer(start: scratch, count: sumCount)
            let found = writeSums(batch, at: parameters, into: sums)
            complete(sums, of: batch.dataset)
            FixedOrder.add(1, UnsafeBufferPointer(rebasing: sums[..<gradient.count]), to: gradient)
            return found
        }
    }

    /// Sums over rows of a batch: as many values as ranks add up.
    public var sumCount: Int { penalisedCount + loss.classes }
    public var residualBound: Double? { loss.slopeBound }

    public func writeSums(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        guard batch.count > 0, let x = parameters.baseAddress, let target = sums.baseAddress else {
            sums.update(repeating: 0)
            return LossSums()
        }
        return writeSumsInParts(batch, products(batch.dataset, at: x), into: target)
    }

    /// Σ r x̃ of the true rows: centring takes (Σ r) shift off. What intercepts have of it follows.
    public func complete(
        _ sums: UnsafeMutableBufferPointer<Double>, over parameters: Range<Int>, residualSums: [Double],
        of dataset: Dataset
    ) {
        guard let shift = dataset.shift, let sums = sums.baseAddress else { return }
        let classes = loss.classes
        let columns = parameters.clamped(to: 0..<penalisedCount)
        for j in columns.lowerBound / classes..<columns.upperBound / classes where shift.pointer[j] != 0 {
            let centre = Double(shift.pointer[j])
            for c in 0..<classes { sums[j * classes - columns.lowerBound + c] -= residualSums[c] * centre }
        }
    }

    func writeSumsInParts(
        _ batch: Batch, _ products: MarginProducts, into target: UnsafeMutablePointer<Double>
    ) -> LossSums {
        if case .sparse(let matrix) = batch.dataset.features, loss.classes > 1 {
            return writeSumsByColumns(batch, matrix, products, into: target)
        }
        let parts = BatchParts(batch, threads: threads, classes: loss.classes, merged: parameterCount)
        if parts.count == 1 { return writeSums(batch, products, into: target) }
        // Sums of its own for each thread; the first has the caller's.
        let found = AlignedBuffer<LossSums>(count: parts.count)
        workspace.with(Double.self, count: (parts.count - 1) * sumCount) { others in
            concurrently(parts.count) { index in
                let own = index == 0 ? target : others + (index - 1) * sumCount
                found.pointer[index] = writeSums(parts[index], products, into: own)
            }
            for index in 1..<parts.count {
                let other = UnsafeBufferPointer(
                    start: UnsafePointer(others + (index - 1) * sumCount), count: sumCount)
                FixedOrder.add(1, other, to: UnsafeMutableBufferPointer(start: target, count: sumCount))
            }
        }
        return found.elements.reduce(into: LossSums()) { $0.add($1) }
    }

    /// One read of the rows, block by block.
    private func writeSums(
        _ batch: Batch, _ products: MarginProducts, into target: UnsafeMutablePointer<Double>
    ) -> LossSums {
        var sum = GradientSum(products: products, grids: batch.grids, target: target)
        var total = LossSums()
        if let kind, case .dense(let matrix) = batch.dataset.features, products.known == nil {
            sum.pass(kind, matrix, batch)
            total.loss = sum.totals.loss
        } else {
            forEachBlock(of: batch, rows: products.blockRows) { rows, _ in
                withBlock(products, rows, batch.grids.loss) { block, residuals in
                    total.loss += loss.residuals(block, into: residuals)
                    sum.addResiduals(rows, residuals)
                    sum.add(rows, residuals: residuals)
                }
            }
        }
        sum.finish()
        total.squaredNorms = sum.totals.squaredNorms
        total.largestResidual = sum.totals.largest
        return total
    }

    public func loss(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> Double {
        guard batch.count > 0, let x = parameters.baseAddress else { return 0 }
        let products = products(batch.dataset, at: x)
        return BatchParts(batch, threads: threads, classes: loss.classes).sum { part in
            var total = 0.0
            forEachBlock(of: part, rows: products.blockRows) { rows, _ in
                withBlock(products, rows, batch.grids.loss) { block, _ in total += loss.loss(block) }
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
        _ products: MarginProducts, _ rows: Range<Int>, _ grid: SumGrid = .none,
        _ body: (MarginBlock, UnsafeMutablePointer<Float>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count * products.classStride) { scratch in
            guard let margins = scratch.baseAddress else { return }
            products.margins(rows, into: margins)
            let block = MarginBlock(
                batchRows: rows, of: products.dataset, margins: margins, kernels: kernels, grid: grid)
            body(block, margins)
        }
    }
}

/// Visits the rows of a batch in blocks, which end where a piece does where they can; the second argument is the number of
/// samples visited before.
func forEachBlock(of batch: Batch, rows blockRows: Int, _ body: (Range<Int>, Int) -> Void) {
    var index = 0
    for part in 0..<batch.rangeCount {
        let range = batch.range(part)
        var start = range.lowerBound
        while start < range.upperBound {
            let unit = min(blockRows, 16)
            let end = min((start + blockRows) / unit * unit, range.upperBound)
            body(start..<end, index)
            index += end - start
            start = end
        }
    }
}
