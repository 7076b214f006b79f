import BigBatch
import Datasets
import Kernels
import Models

/// A network written as a user of the library would: one hidden layer of tanh units and a logistic output, sample by sample,
/// in Double. Parameters: hidden weights (unit-major), output weights, hidden biases, output bias.
struct SampleNetwork: Model {
    var inputs = 2
    var hidden = 8
    /// Inputs are scaled by 1 + noise·u, u drawn anew for each draw; as they are for draw 0.
    var noise = 0.0

    var parameterCount: Int { penalisedCount + hidden + 1 }
    var penalisedCount: Int { inputs * hidden + hidden }
    var outputCount: Int { 1 }
    var isConvex: Bool { false }
    var isRandom: Bool { noise > 0 }

    func initialParameters(seed: UInt64) -> [Float] {
        var random = SampleRandom(state: seed &+ 99)
        return (0..<parameterCount).map { $0 < penalisedCount ? Float(random.normal()) * 0.7 : 0 }
    }

    /// Activations of the hidden units, and the output's margin.
    private func forward(
        _ batch: Batch, _ row: Int, _ x: UnsafeBufferPointer<Float>, _ body: ([Double], [Double]) -> Void
    )
        -> Double
    {
        guard case .dense(let matrix) = batch.dataset.features else { return .nan }
        var random = SampleRandom(
            state: batch.draw &* 0x1234_5678_9abc_def1 &+ UInt64(batch.dataset.order.position(ofLocal: row)))
        let factor = batch.draw == 0 ? 1 : 1 + noise * (2 * random.uniform() - 1)
        let input = (0..<inputs).map { factor * Double(matrix.row(row)[$0]) }
        var units = [Double](repeating: 0, count: hidden)
        var margin = Double(x[penalisedCount + hidden])
        for unit in 0..<hidden {
            var sum = Double(x[penalisedCount + unit])
            for column in 0..<inputs { sum += Double(x[unit * inputs + column]) * input[column] }
            units[unit] = 1 - 2 / (1 + exponential(2 * sum))
            margin += Double(x[hidden * inputs + unit]) * units[unit]
        }
        body(input, units)
        return margin
    }

    private func sign(_ batch: Batch, _ row: Int) -> Double { batch.dataset.labels[row] > 0 ? 1 : -1 }

    func accumulate(
        _ batch: Batch, at x: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        var sums = LossSums()
        for row in batch.rows {
            var (input, units): ([Double], [Double]) = ([], [])
            let margin = forward(batch, row, x) { (input, units) = ($0, $1) }
            let sign = sign(batch, row)
            sums.loss += logistic(-sign * margin)
            let residual = -sign / (1 + exponential(sign * margin))
            func add(_ index: Int, _ value: Double) {
                gradient[index] += value
                sums.squaredNorms += value * value
            }
            add(penalisedCount + hidden, residual)
            for unit in 0..<hidden {
                add(hidden * inputs + unit, residual * units[unit])
                let delta = residual * Double(x[hidden * inputs + unit]) * (1 - units[unit] * units[unit])
                add(penalisedCount + unit, delta)
                for column in 0..<inputs { add(unit * inputs + column, delta * input[column]) }
            }
        }
        return sums
    }

    func loss(_ batch: Batch, at x: UnsafeBufferPointer<Float>) -> Double {
        batch.rows.reduce(0.0) { sum, row in
            sum + logistic(-sign(batch, row) * forward(batch, row, x) { _, _ in })
        }
    }

    func predict(_ batch: Batch, at x: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>) {
        for (index, row) in batch.rows.enumerated() {
            outputs[index] = Float(1 / (1 + exponential(-forward(batch, row, x) { _, _ in })))
        }
    }
}

/// Points of a square, labelled by the product of their coordinates: no linear model does better than chance.
struct SquareProblem: Sendable {
    var rows = 600
    var seed: UInt64 = 3
    var labelsAreShuffled = false
    /// A row whose first feature is not a number.
    var badRow: Int?
    /// All rows are at the origin: there is nothing to learn.
    var isEmpty = false

    func dataset(ranks: Int = 1, rank: Int = 0) -> Dataset {
        let order = DataOrder(count: rows, ranks: ranks, rank: rank)
        let matrix = DenseMatrix(rows: order.localCount, columns: 2)
        let labels = AlignedBuffer<Float>(count: order.localCount)
        for local in 0..<order.localCount {
            let position = order.position(ofLocal: local)
            var random = SampleRandom(state: seed &+ UInt64(position) &* 0x9e37_79b9_7f4a_7c15)
            let point = (Float(4 * random.uniform() - 2), Float(4 * random.uniform() - 2))
            matrix.row(local)[0] = isEmpty ? 0 : position == badRow ? .nan : point.0
            matrix.row(local)[1] = isEmpty ? 0 : point.1
            labels[local] = (labelsAreShuffled ? random.uniform() < 0.5 : point.0 * point.1 > 0) ? 1 : 0
        }
        return Dataset(
            order: order, features: .dense(matrix), labels: labels,
            squaredNorms: AlignedBuffer(count: order.localCount))
    }
}

/// Notes the draw and the rows of every batch that a model is given; its sums are asked for by whole batches.
struct DrawSpy: RowSumModel {
    let base: SampleNetwork
    let log: DrawLog

    var parameterCount: Int { base.parameterCount }
    var penalisedCount: Int { base.penalisedCount }
    var outputCount: Int { base.outputCount }
    var isConvex: Bool { base.isConvex }
    var isRandom: Bool { base.isRandom }
    func initialParameters(seed: UInt64) -> [Float] { base.initialParameters(seed: seed) }

    func accumulate(
        _ batch: Batch, at x: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        base.accumulate(batch, at: x, gradient: gradient)
    }

    var sumCount: Int { parameterCount }

    func writeSums(
        _ batch: Batch, at x: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        log.draws.append(batch.draw)
        log.rows.append(Array(batch.rows))
        sums.update(repeating: 0)
        return base.accumulate(batch, at: x, gradient: sums)
    }

    func complete(
        _ sums: UnsafeMutableBufferPointer<Double>, over parameters: Range<Int>, residualSums: [Double],
        of dataset: Dataset
    ) {}

    func loss(_ batch: Batch, at x: UnsafeBufferPointer<Float>) -> Double {
        log.draws.append(batch.draw)
        return base.loss(batch, at: x)
    }

    func predict(_ batch: Batch, at x: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>) {
        base.predict(batch, at: x, into: outputs)
    }
}

/// One rank, one thread.
final class DrawLog: @unchecked Sendable {
    var draws: [UInt64] = []
    /// Of every gradient.
    var rows: [[Int]] = []
}
