import Datasets
import Kernels

/// A feed-forward network: layers, the last of them dense, and a loss of its outputs.
///
/// f(x; z_i) = ω_i f(m_i, y_i) with m_i the last layer's outputs. Gradients come by back-propagation over micro-batches; the
/// squared norm of a sample's gradient is the sum over layers of what each finds without storing per-sample gradients.
/// Parameters: the weights of all layers, then all biases; λ penalises the weights only. Arithmetic is Float, sums over
/// more than `roundSize` samples are Double.
public struct Network<Loss: MarginLoss>: FloatGradientModel {
    public let description: NetworkDescription
    public let loss: Loss
    let layers: [any Layer]
    let plan: NetworkPlan
    /// Threads that share a batch. The result depends on their number, not on their timing.
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

    /// Samples of a thread whose gradients are summed in Float before they go to Double.
    private static var roundSize: Int { 2048 }

    public func accumulate(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        guard batch.count > 0, let x = parameters.baseAddress, let g = gradient.baseAddress else { return LossSums() }
        let parts = parts(of: batch)
        let sums = AlignedBuffer<LossSums>(count: parts.count)
        workspace.with(Float.self, count: parts.count * plan.gradientStride) { memory in
            let partial = (0..<parts.count).map { PartialGradient(plan, memory: memory + $0 * plan.gradientStride) }
            for round in 0..<rounds(of: parts) {
                concurrently(parts.count) { index in
                    let part = parts[index]
                    sums.pointer[index].add(
                        accumulate(part.samples(samples(of: round, in: part)), at: x, into: partial[index]))
                }
                // Each thread adds a slice of the parameters, from all parts in their order.
                concurrently(parts.count) { slice in
                    for index in 0..<parts.count where samples(of: round, in: parts[index]).count > 0 {
                        partial[index].add(slice: slice, of: parts.count, to: g)
                    }
                }
            }
        }
        return sums.elements.reduce(into: LossSums()) { $0.add($1) }
    }

    public func accumulate(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>,
        overwriting gradient: UnsafeMutableBufferPointer<Float>
    ) -> LossSums {
        guard batch.count > 0, let x = parameters.baseAddress, let g = gradient.baseAddress else {
            gradient.update(repeating: 0)
            return LossSums()
        }
        let parts = parts(of: batch)
        let sums = AlignedBuffer<LossSums>(count: parts.count)
        workspace.with(Float.self, count: parts.count * plan.gradientStride) { memory in
            for round in 0..<rounds(of: parts) {
                // The first samples' weights go straight to their place.
                let partial = (0..<parts.count).map {
                    PartialGradient(
                        plan, memory: memory + $0 * plan.gradientStride, weights: round == 0 && $0 == 0 ? g : nil)
                }
                concurrently(parts.count) { index in
                    let part = parts[index]
                    sums.pointer[index].add(
                        accumulate(part.samples(samples(of: round, in: part)), at: x, into: partial[index]))
                }
                concurrently(parts.count) { slice in
                    for index in 0..<parts.count where samples(of: round, in: parts[index]).count > 0 {
                        partial[index].add(slice: slice, of: parts.count, to: g)
                    }
                }
            }
        }
        return sums.elements.reduce(into: LossSums()) { $0.add($1) }
    }

    /// One thread's samples, micro-batch by micro-batch; overwrites `gradient`.
    private func accumulate(_ batch: Batch, at x: UnsafePointer<Float>, into gradient: PartialGradient) -> LossSums {
        var total = LossSums()
        gradient.clearBiases()
        workspace.with(Float.self, count: plan.tapeCount(samples: batch.count, isTraining: true)) { memory in
            forEachBlock(of: batch, rows: plan.microBatch) { rows, index in
                let tape = Tape(plan, memory: memory, samples: rows.count)
                forward(batch, rows, at: x, tape, isTraining: true)
                let block = marginBlock(batch.dataset, rows, tape)
                total.loss += loss.residuals(block, into: tape.delta(layers.count - 1).pointer)
                total.squaredNorms += backward(batch, rows, at: x, tape, gradient, adding: index > 0)
            }
        }
        return total
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
                    sums.pointer[part] += body(marginBlock(batch.dataset, rows, tape), parts.start(part) + index)
                }
            }
        }
        return sums.elements.reduce(0, +)
    }

    // MARK: - A micro-batch

    private func forward(
        _ batch: Batch, _ rows: Range<Int>, at x: UnsafePointer<Float>, _ tape: Tape, isTraining: Bool
    ) {
        var input = inputRows(batch, rows, tape, isTraining: isTraining)
        for index in layers.indices {
            let output = layers[index].worksInPlace ? input : tape.output(index)
            layers[index].forward(
                pass(index, batch, rows, x, tape, isTraining: isTraining), input: input, output: output)
            input = output
        }
    }

    private func backward(
        _ batch: Batch, _ rows: Range<Int>, at x: UnsafePointer<Float>, _ tape: Tape,
        _ gradient: PartialGradient, adding: Bool
    ) -> Double {
        var norms = 0.0
        var outputDelta = tape.delta(layers.count - 1)
        for index in layers.indices.reversed() {
            let layer = layers[index]
            let input =
                index == 0 ? inputRows(batch, rows, tape, isTraining: true, isWritten: true) : tape.output(index - 1)
            let isFirst = index <= plan.firstWithParameters
            let inputDelta: FloatRows? =
                isFirst ? nil : layer.worksInPlace ? outputDelta : tape.delta(index - 1)
            norms += layer.backward(
                pass(index, batch, rows, x, tape, isTraining: true), input: input, output: tape.output(index),
                outputDelta: outputDelta, inputDelta: inputDelta,
                gradient: LayerGradient(
                    weights: gradient.weights + plan.weights[index], addsWeights: adding,
                    biases: gradient.biases + plan.biases[index]))
            guard let inputDelta else { break }
            outputDelta = inputDelta
        }
        return norms
    }

    private func pass(
        _ index: Int, _ batch: Batch, _ rows: Range<Int>, _ x: UnsafePointer<Float>, _ tape: Tape, isTraining: Bool
    ) -> LayerPass {
        let order = batch.dataset.order
        let first = rows.lowerBound
        return LayerPass(
            count: rows.count, weights: x + plan.weights[index], biases: x + plan.weightCount + plan.biases[index],
            scratch: tape.scratch, kept: tape.kept(index),
            chance: isTraining
                ? Chance(seed: seed, draw: batch.draw, layer: index) { order.position(ofLocal: first + $0) } : nil)
    }

    /// The samples themselves where they lie ready, else a dense copy of them: in training, the variants of the batch's
    /// draw.
    private func inputRows(
        _ batch: Batch, _ rows: Range<Int>, _ tape: Tape, isTraining: Bool, isWritten: Bool = false
    ) -> FloatRows {
        let dataset = batch.dataset
        precondition(
            dataset.features.columns == plan.input.count, "network and data differ in their number of features")
        let copy = tape.input
        switch dataset.features {
        case .dense(let matrix):
            let augmentation = isTraining ? dataset.augmentation : nil
            guard plan.needsInputCopy || augmentation != nil else {
                return FloatRows(matrix.row(rows.lowerBound), stride: matrix.stride)
            }
            if isWritten { return copy }
            for (index, row) in rows.enumerated() {
                guard let augmentation else {
                    copy.row(index).update(from: matrix.row(row), count: plan.input.count)
                    continue
                }
                augmentation.write(
                    matrix.row(row), shape: plan.input, position: dataset.order.position(ofLocal: row),
                    draw: batch.draw, into: copy.row(index))
            }
        case .sparse(let matrix):
            if isWritten { return copy }
            for (index, row) in rows.enumerated() {
                let target = copy.row(index)
                if let shift = dataset.shift {
                    for j in 0..<plan.input.count { target[j] = -shift.pointer[j] }
                } else {
                    target.update(repeating: 0, count: plan.input.count)
                }
                for entry in matrix.rowOffsets.pointer[row]..<matrix.rowOffsets.pointer[row + 1] {
                    target[Int(matrix.columnIndices.pointer[entry])] += matrix.values.pointer[entry]
                }
            }
        }
        return copy
    }

    private func marginBlock(_ dataset: Dataset, _ rows: Range<Int>, _ tape: Tape) -> MarginBlock {
        MarginBlock(
            batchRows: rows, of: dataset, margins: UnsafePointer(tape.output(layers.count - 1).pointer),
            kernels: .current)
    }

    // MARK: - Shares

    /// A thread is worth its while for this many samples.
    private func parts(of batch: Batch) -> BatchParts {
        BatchParts(batch, count: max(1, min(threads, batch.count / 8)))
    }

    private func rounds(of parts: BatchParts) -> Int {
        let largest = (parts.batch.count + parts.count - 1) / parts.count
        return (largest + Self.roundSize - 1) / Self.roundSize
    }

    private func samples(of round: Int, in part: Batch) -> Range<Int> {
        let start = min(round * Self.roundSize, part.count)
        return start..<min(start + Self.roundSize, part.count)
    }
}
