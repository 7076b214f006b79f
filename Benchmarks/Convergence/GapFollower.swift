import BigBatch
import Datasets
import Glibc
import Models

/// Follows the true objective and notes when a gap is first reached.
final class GapFollower<M: Model>: TrainingObserver {
    static var gaps: [Double] { [1e-2, 1e-3, 1e-4, 1e-5] }

    let model: M
    let dataset: Dataset
    let l2: Double
    let optimum: Double
    let trace: Bool
    var firstReached = [(passes: Double, features: Double, allreduces: Int)?](repeating: nil, count: 4)
    var finalGap = Double.infinity
    var fullBatchFrom: Double?
    private var record = IterationRecord()

    init(model: M, dataset: Dataset, l2: Double, optimum: Double, trace: Bool) {
        self.model = model
        self.dataset = dataset
        self.l2 = l2
        self.optimum = optimum
        self.trace = trace
    }

    func iterationDidEnd(_ record: IterationRecord) {
        self.record = record
        if fullBatchFrom == nil, record.batchSize == dataset.order.count { fullBatchFrom = record.gradientPasses }
    }

    func parametersDidChange(_ parameters: [Float]) {
        // Small constant batches make thousands of iterations: looking at every hundredth is enough.
        if record.batchSize < 200, record.iteration > 100, record.iteration % 100 != 0 { return }
        finalGap = (objective(model, dataset, l2, parameters) - optimum) / optimum
        for (index, gap) in Self.gaps.enumerated() where firstReached[index] == nil && finalGap <= gap {
            firstReached[index] = (record.gradientPasses, record.featurePasses, record.allreduces)
        }
        if trace {
            print(
                record.iteration, record.batchSize, brief(record.gradientPasses), record.allreduces, "f",
                brief(record.loss), "α", brief(record.stepSize), "snr", brief(record.signalToNoise), "gap",
                brief(finalGap))
        }
    }
}

func objective<M: Model>(_ model: M, _ dataset: Dataset, _ l2: Double, _ x: [Float]) -> Double {
    let loss = x.withUnsafeBufferPointer { model.loss(dataset.all, at: $0) }
    let squared = x.prefix(model.penalisedCount).reduce(0.0) { $0 + Double($1) * Double($1) }
    return loss / Double(dataset.order.count) + l2 / 2 * squared
}

func brief(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    if value == 0 { return "0" }
    let digits = 3
    let magnitude = floor(log10(abs(value)))
    let unit = pow(10, magnitude - Double(digits - 1))
    let rounded = (value / unit).rounded() * unit
    if magnitude < -3 || magnitude > 5 {
        return "\((rounded / pow(10, magnitude) * 100).rounded() / 100)e\(Int(magnitude))"
    }
    return String(String(rounded).prefix(8))
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
}
