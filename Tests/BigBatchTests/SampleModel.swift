import BigBatch
import Datasets
import Kernels
import MPI
import Models

/// A model written as a user of the library would: logistic regression sample by sample, in Double, no margins.
struct SampleLogistic: Model {
    let features: Int
    var parameterCount: Int { features + 1 }
    var penalisedCount: Int { features }
    var outputCount: Int { 1 }

    func initialParameters(seed: UInt64) -> [Float] { [Float](repeating: 0, count: parameterCount) }

    private func margin(_ batch: Batch, _ row: Int, _ x: UnsafeBufferPointer<Float>) -> Double {
        guard case .dense(let matrix) = batch.dataset.features else { return .nan }
        var sum = Double(x[features])
        for column in 0..<features { sum += Double(matrix.row(row)[column]) * Double(x[column]) }
        return sum
    }

    private func forEachRow(_ batch: Batch, _ body: (Int) -> Void) {
        batch.rows.forEach(body)
    }

    func accumulate(
        _ batch: Batch, at x: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        var sums = LossSums()
        forEachRow(batch) { row in
            guard case .dense(let matrix) = batch.dataset.features else { return }
            let sign = batch.dataset.labels[row] > 0 ? 1.0 : -1.0
            let value = margin(batch, row, x)
            sums.loss += logistic(-sign * value)
            let residual = -sign / (1 + exponential(sign * value))
            var norm = residual * residual
            for column in 0..<features {
                let component = residual * Double(matrix.row(row)[column])
                gradient[column] += component
                norm += component * component
            }
            gradient[features] += residual
            sums.squaredNorms += norm
        }
        return sums
    }

    func loss(_ batch: Batch, at x: UnsafeBufferPointer<Float>) -> Double {
        var sum = 0.0
        forEachRow(batch) { row in
            sum += logistic((batch.dataset.labels[row] > 0 ? -1 : 1) * margin(batch, row, x))
        }
        return sum
    }

    func predict(_ batch: Batch, at x: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>) {
        var index = 0
        forEachRow(batch) { row in
            outputs[index] = Float(1 / (1 + exponential(-margin(batch, row, x))))
            index += 1
        }
    }
}

/// A seeded two-class problem with known structure: N × D normal-ish features of uneven scale, noisy labels.
func sampleDataset(rows: Int, columns: Int, seed: UInt64 = 7, ranks: Int = 1, rank: Int = 0, scale: Float = 1)
    -> Dataset
{
    let order = DataOrder(count: rows, ranks: ranks, rank: rank)
    let matrix = DenseMatrix(rows: order.localCount, columns: columns)
    let labels = AlignedBuffer<Float>(count: order.localCount)
    let norms = AlignedBuffer<Float>(count: order.localCount)
    for local in 0..<order.localCount {
        var random = SampleRandom(state: seed &+ UInt64(order.position(ofLocal: local)) &* 0x9e37_79b9_7f4a_7c15)
        var margin = 0.3
        var norm: Float = 0
        for column in 0..<columns {
            let value = Float(random.normal()) * (1 + Float(column % 3)) * scale
            matrix.row(local)[column] = value
            norm += value * value
            margin += Double(value / scale) * (column % 2 == 0 ? 0.5 : -0.3)
        }
        labels[local] = random.uniform() < 1 / (1 + exponential(-margin)) ? 1 : 0
        norms[local] = norm
    }
    return Dataset(order: order, features: .dense(matrix), labels: labels, squaredNorms: norms)
}

struct SampleRandom {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Sum of twelve uniforms: normal enough, and without a library call.
    mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + uniform() } }
}
