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
    /// Lengths of the parameters' tensors one after the other, and each layer's among them.
    let stretches: [Int]
    let weightStretches: [Int]
    let biasStretches: [Int]
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
        let wanted = microBatch ?? Self.suitableMicroBatch(values: end + keptCount + 2 * deltaStride)
        self.microBatch = wanted >= 16 ? wanted / 16 * 16 : Self.powerOfTwo(below: wanted)
        var stretches: [Int] = []
        func number(_ counts: [Int]) -> [Int] {
            counts.map { count in
                if count > 0 { stretches.append(count) }
                return stretches.count - 1
            }
        }
        weightStretches = number(layers.map(\.weightCount))
        biasStretches = number(layers.map(\.biasCount))
        self.stretches = stretches
    }

    /// Groups of samples divide the blocks of sixteen, so that no micro-batch cuts one.
    private static func powerOfTwo(below count: Int) -> Int { count >= 8 ? 8 : count >= 4 ? 4 : count >= 2 ? 2 : 1 }

    /// Samples whose gradients are added in Float, at most.
    var groupSize: Int { min(16, microBatch) }

    /// Enough samples for the products of dense layers, few enough for the caches; for large samples few enough for memory.
    private static func suitableMicroBatch(values: Int) -> Int {
        let bytes = values * MemoryLayout<Float>.stride
        let enough = max(1, min(64, (256 << 20) / bytes))
        return max(enough, min(256, (16 << 20) / bytes / 8 * 8))
    }

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
