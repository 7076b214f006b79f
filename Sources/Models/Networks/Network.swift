import Datasets
import Kernels

/// A feed-forward network: layers, the last of them dense, and a loss of its outputs.
///
/// f(x; z_i) = ω_i f(m_i, y_i) with m_i the last layer's outputs. Gradients come by back-propagation over micro-batches; the
/// squared norm of a sample's gradient is the sum over layers of what each finds without storing per-sample gradients.
/// Parameters: the weights of all layers, then all biases; λ penalises the weights only. A sample's values are Float and do not
/// depend on the samples beside it; sums over samples are in whole numbers.
public struct Network<Loss: MarginLoss>: WholeSumModel {
    public let description: NetworkDescription
    public let loss: Loss
    let layers: [any Layer]
    let plan: NetworkPlan
    /// Threads that share a batch.
    public let threads: Int
    /// For what is random within a sample.
    public let seed: UInt64
    let workspace = Workspace()

    /// - Parameters:
    ///   - microBatch: samples that go through the layers together; nil: as many as the caches like.
    public init(
        _ description: NetworkDescription, input: SampleShape, loss: Loss, threads: Int = 1, seed: UInt64 = 0,
        microBatch: Int? = nil
    ) throws {
        self.description = description
        self.loss = loss
        layers = try description.build(input: input, outputs: loss.classes)
        plan = NetworkPlan(layers, input: input, outputs: loss.classes, microBatch: microBatch)
        self.threads = max(1, threads)
        self.seed = seed
    }

    public var parameterCount: Int { plan.weightCount + plan.biasCount }
    public var penalisedCount: Int { plan.weightCount }
    public var outputCount: Int { loss.classes }
    public var isConvex: Bool { false }
    public var microBatch: Int { plan.microBatch }

    public func initialParameters(seed: UInt64) -> [Float] {
        var parameters = [Float](repeating: 0, count: parameterCount)
        parameters.withUnsafeMutableBufferPointer { x in
            guard let x = x.baseAddress else { return }
            for (index, layer) in layers.enumerated() {
                var random = InitialRandom(seed: seed, layer: index)
                layer.initialise(
                    weights: x + plan.weights[index], biases: x + plan.weightCount + plan.biases[index], random: &random
                )
            }
        }
        return parameters
    }

    public var stretches: [Int] { plan.stretches }

    public func writeSums(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into units: UnsafeMutableBufferPointer<Int32>,
        sizes: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        units.update(repeating: 0)
        sizes.update(repeating: 0)
        guard batch.count > 0, let x = parameters.baseAddress, let target = units.baseAddress else { return LossSums() }
        let parts = parts(of: batch)
        let sums = AlignedBuffer<LossSums>(count: parts.count)
        let sizesOfParts = AlignedBuffer<Double>(count: parts.count * sizes.count)
        workspace.with(Int32.self, count: (parts.count - 1) * units.count) { memory in
            concurrently(parts.count) { index in
                let own = index == 0 ? target : memory + (index - 1) * units.count
                if index > 0 { own.update(repeating: 0, count: units.count) }
                sums.pointer[index] = add(
                    parts[index], at: x, to: own, sizes: sizesOfParts.pointer + index * sizes.count)
            }
            // Each thread adds a slice of the parameters.
            if parts.count > 1 {
                concurrently(parts.count) { slice in
                    let start = units.count * slice / parts.count
                    let count = units.count * (slice + 1) / parts.count - start
                    for index in 1..<parts.count {
                        WholeSums.add(
                            count: count, memory + (index - 1) * units.count + start, to: target + start)
                    }
                }
            }
        }
        for (index, size) in sizesOfParts.elements.enumerated() { sizes[index % sizes.count] += size }
        return sums.elements.reduce(into: LossSums()) { $0.add($1) }
    }

    /// One thread's samples, micro-batch by micro-batch.
    private func add(
        _ batch: Batch, at x: UnsafePointer<Float>, to units: UnsafeMutablePointer<Int32>,
        sizes: UnsafeMutablePointer<Double>
    ) -> LossSums {
        var total = LossSums()
        let grids = batch.grids
        forEachMicroBatch(of: batch, at: x) { rows, tape, squares in
            total.loss += back(batch, rows, at: x, tape, squares) { index in
                // A layer without parameters is handed some stretch, and leaves it alone.
                let weights = max(0, plan.weightStretches[index])
                let biases = max(0, plan.biasStretches[index])
                return (
                    weights: .sums(units + plan.weights[index], grids.stretches[weights], size: sizes + weights),
                    biases: .sums(
                        units + plan.weightCount + plan.biases[index], grids.stretches[biases], size: sizes + biases)
                )
            }
            for i in 0..<rows.count { total.squaredNorms += grids.squaredNorms.round(squares[i]) }
        }
        return total
    }

    public func writeSquaredNorms(
        of batch: Batch, at parameters: UnsafeBufferPointer<Float>, preconditioner: UnsafeBufferPointer<Float>?,
        into norms: UnsafeMutableBufferPointer<Double>
    ) {
        guard batch.count > 0, let x = parameters.baseAddress, var out = norms.baseAddress else { return }
        forEachMicroBatch(of: batch, at: x) { rows, tape, squares in
            _ = back(batch, rows, at: x, tape, squares) { index in
                let weights = preconditioner?.baseAddress.map { $0 + plan.weights[index] }
                let biases = preconditioner?.baseAddress.map { $0 + plan.weightCount + plan.biases[index] }
                return (weights: .norms(weights), biases: .norms(biases))
            }
            out.update(from: squares, count: rows.count)
            out += rows.count
        }
    }

    public func accumulate(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        workspace.with(Int32.self, count: parameterCount) { memory in
            let units = UnsafeMutableBufferPointer(start: memory, count: parameterCount)
            var scales = StretchScales(count: stretches.count)
            var sizes = [Double](repeating: 0, count: stretches.count)
            var batch = batch
            for attempt in 0... {
                batch.grids.stretches = scales.grids(count: batch.count)
                let sums = sizes.withUnsafeMutableBufferPointer {
                    writeSums(batch, at: parameters, into: units, sizes: $0)
                }
                guard scales.accept(sizes, count: batch.count, attempt: attempt) else { continue }
                var start = 0
                for (index, count) in stretches.enumerated() {
                    let unit = Double(batch.grids.stretches[index].unit(for: sizes[index]))
                    for j in start..<start + count { gradient[j] += unit * Double(units[j]) }
                    start += count
                }
                return sums
            }
            return LossSums()
        }
    }

    public func loss(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> Double {
        sum(batch, at: parameters, isTraining: true) { block, _ in loss.loss(block) }
    }

    public func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>
    ) {
        guard let out = outputs.baseAddress else { return }
        _ = sum(batch, at: parameters, isTraining: false) { block, index in
            loss.predict(block, into: out + index * loss.classes)
            return 0
        }
    }

    public func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>,
        lossOn grid: SumGrid
    ) -> Double {
        guard let out = outputs.baseAddress else { return 0 }
        var batch = batch
        batch.grids.loss = grid
        return sum(batch, at: parameters, isTraining: false) { block, index in
            loss.predict(block, into: out + index * loss.classes)
            return loss.loss(block)
        }
    }

    /// Σ of `body` over the micro-batches; the second argument is the number of samples before.
    private func sum(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, isTraining: Bool,
        _ body: (MarginBlock, Int) -> Double
    ) -> Double {
        guard batch.count > 0, let x = parameters.baseAddress else { return 0 }
        let parts = parts(of: batch)
        let sums = AlignedBuffer<Double>(count: parts.count)
        concurrently(parts.count) { part in
            let batch = parts[part]
            workspace.with(Float.self, count: plan.tapeCount(samples: batch.count, isTraining: false)) { memory in
                forEachBlock(of: batch, rows: plan.microBatch) { rows, index in
                    let tape = Tape(plan, memory: memory, samples: rows.count)
                    forward(batch, rows, at: x, tape, isTraining: isTraining)
                    sums.pointer[part] += body(marginBlock(batch, rows, tape), parts.start(part) + index)
                }
            }
        }
        return sums.elements.reduce(0, +)
    }

    /// A thread is worth its while for some samples.
    private func parts(of batch: Batch) -> BatchParts {
        BatchParts(batch, count: max(1, min(threads, batch.count / 16)))
    }
}
