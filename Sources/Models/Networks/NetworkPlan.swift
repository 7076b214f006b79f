import Datasets
import Kernels

/// Where parameters, values and deltas of a network lie.
struct NetworkPlan: Sendable {
    let input: SampleShape
    /// Offsets of each layer's weights among the weights, and of its biases among the biases.
    let weights: [Int]
    let biases: [Int]
    let weightCount: Int
    let biasCount: Int
    /// The first layer that has parameters: back-propagation ends there.
    let firstWithParameters: Int
    /// The first layer would overwrite the data.
    let needsInputCopy: Bool
    let microBatch: Int
    /// Per layer: Floats of its output per sample, and those of the outputs and of what is kept before it.
    let strides: [Int]
    let outputOffsets: [Int]
    /// Which of two places a layer's output delta has.
    let sides: [Int]
    let keptOffsets: [Int]
    /// Per sample: the outputs of all layers, the kept values, the largest delta.
    let valueCount: Int
    let keptCount: Int
    let deltaStride: Int
    let scratchCount: Int

    init(_ layers: [any Layer], input: SampleShape, outputs: Int, microBatch: Int?) {
        self.input = input
        func offsets(_ counts: [Int]) -> ([Int], Int) {
            var sum = 0
            let result = counts.map { count -> Int in
                defer { sum += count }
                return sum
            }
            return (result, sum)
        }
        (weights, weightCount) = offsets(layers.map(\.weightCount))
        (biases, biasCount) = offsets(layers.map(\.biasCount))
        firstWithParameters = layers.firstIndex { $0.weightCount + $0.biasCount > 0 } ?? 0
        needsInputCopy = layers.first?.worksInPlace ?? false
        let last = layers.count - 1
        strides = layers.indices.map { $0 == last ? KernelSet.classStride(outputs) : layers[$0].output.count }
        // A layer that works in place has the output of the one before.
        var outputOffsets: [Int] = []
        var sides: [Int] = []
        var end = input.count
        var start = 0
        for (index, layer) in layers.enumerated() {
            if !layer.worksInPlace {
                start = end
                end += strides[index]
            }
            outputOffsets.append(start)
            let side = sides.last ?? 1
            sides.append(layer.worksInPlace ? side : 1 - side)
        }
        self.outputOffsets = outputOffsets
        self.sides = sides
        valueCount = end
        (keptOffsets, keptCount) = offsets(layers.map(\.keptCount))
        deltaStride = strides.max() ?? 0
        scratchCount = (layers.map(\.scratchCount).max() ?? 0) + 16
        self.microBatch = microBatch ?? Self.suitableMicroBatch(values: end + keptCount + 2 * deltaStride)
    }

    /// Enough samples for the products of dense layers, few enough for the caches; for large samples few enough for memory.
    private static func suitableMicroBatch(values: Int) -> Int {
        let bytes = values * MemoryLayout<Float>.stride
        let enough = max(1, min(64, (256 << 20) / bytes))
        return max(enough, min(256, (16 << 20) / bytes / 8 * 8))
    }

    /// Floats of a `PartialGradient`.
    var gradientStride: Int { (weightCount + 15) / 16 * 16 + (2 * biasCount + 15) / 16 * 16 }

    /// Floats of a thread's memory for `samples` samples or more.
    func tapeCount(samples: Int, isTraining: Bool) -> Int {
        let count = min(samples, microBatch)
        return count * (valueCount + keptCount + (isTraining ? 2 * deltaStride : 0)) + scratchCount + 64
    }
}

/// One micro-batch's values, deltas and scratch memory.
struct Tape {
    private let plan: NetworkPlan
    private let memory: UnsafeMutablePointer<Float>
    private let samples: Int

    init(_ plan: NetworkPlan, memory: UnsafeMutablePointer<Float>, samples: Int) {
        self.plan = plan
        self.memory = memory
        self.samples = samples
    }

    var scratch: UnsafeMutablePointer<Float> { memory }

    private var values: UnsafeMutablePointer<Float> { memory + (plan.scratchCount + 15) / 16 * 16 }

    var input: FloatRows { FloatRows(values, stride: plan.input.count) }

    func output(_ layer: Int) -> FloatRows {
        FloatRows(values + samples * plan.outputOffsets[layer], stride: plan.strides[layer])
    }

    func kept(_ layer: Int) -> UnsafeMutablePointer<Float> {
        values + samples * (plan.valueCount + plan.keptOffsets[layer])
    }

    /// ∂f/∂(output of `layer`): two places that take turns.
    func delta(_ layer: Int) -> FloatRows {
        let base = values + samples * (plan.valueCount + plan.keptCount)
        return FloatRows(base + plan.sides[layer] * samples * plan.deltaStride, stride: plan.strides[layer])
    }
}

/// One thread's gradient over some samples: of the weights in Float, of the biases in Double.
struct PartialGradient: @unchecked Sendable {
    // Unchecked Sendable: each thread writes its own, and all are read when all have written.
    let weights: UnsafeMutablePointer<Float>
    let biases: UnsafeMutablePointer<Double>
    private let weightCount: Int
    private let biasCount: Int

    /// - Parameters:
    ///   - memory: `gradientStride` Floats, aligned to 64 bytes.
    ///   - weights: where the weights' gradient stands; nil: in `memory`.
    init(_ plan: NetworkPlan, memory: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>? = nil) {
        self.weights = weights ?? memory
        weightCount = plan.weightCount
        biasCount = plan.biasCount
        biases = UnsafeMutableRawPointer(memory + (plan.weightCount + 15) / 16 * 16)
            .assumingMemoryBound(to: Double.self)
    }

    func clearBiases() { biases.update(repeating: 0, count: biasCount) }

    /// Adds one of `slices` equal slices of the weights to `gradient`; the last slice brings the biases.
    func add(slice: Int, of slices: Int, to gradient: UnsafeMutablePointer<Double>) {
        let start = weightCount * slice / slices
        let count = weightCount * (slice + 1) / slices - start
        FixedOrder.add(
            1, UnsafeBufferPointer(start: weights + start, count: count),
            to: UnsafeMutableBufferPointer(start: gradient + start, count: count))
        guard slice == slices - 1 else { return }
        FixedOrder.add(
            1, UnsafeBufferPointer(start: UnsafePointer(biases), count: biasCount),
            to: UnsafeMutableBufferPointer(start: gradient + weightCount, count: biasCount))
    }

    /// The same in Float. Weights that stand in `gradient` are there already, and their biases are the first.
    func add(slice: Int, of slices: Int, to gradient: UnsafeMutablePointer<Float>) {
        let isFirst = weights == gradient
        if !isFirst {
            let start = weightCount * slice / slices
            let count = weightCount * (slice + 1) / slices - start
            FixedOrder.add(
                1, UnsafeBufferPointer(start: weights + start, count: count),
                to: UnsafeMutableBufferPointer(start: gradient + start, count: count))
        }
        guard slice == slices - 1 else { return }
        for index in 0..<biasCount {
            let sum = isFirst ? 0 : gradient[weightCount + index]
            gradient[weightCount + index] = Float(Double(sum) + biases[index])
        }
    }
}
