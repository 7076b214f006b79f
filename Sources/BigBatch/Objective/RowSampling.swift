import Datasets
import Kernels

extension Objective {
    /// Of any row, in those of a row in the mean.
    var leastChance: Double { strata == nil ? 0.5 : 1.0 / 3 }

    /// Rows of the positions start ..< start + window, about `expected` over all ranks, each with the chance
    /// π = min(1, expected · (½ + ½ leverage/mean)/window), or expected · q where strata are known (see `RowStrata`): a sum over the sample weighted by 1/π is right in the mean, and no
    /// row that matters by itself is missed. A function of the seed, the positions and `salt` alone.
    func drawRows(start: Int, window: Int, expected: Int, salt: UInt64) -> RowSample {
        let batch = dataset.batch(start: start % population, count: window)
        var sample = RowSample()
        let known = strata?.chances
        guard expected < window, let leverages else {
            sample.rows = Array(batch.rows)
            sample.weights = [Float](repeating: 1, count: sample.rows.count)
            return sample
        }
        let share = Float(expected) / Float(window)
        let perLeverage = 0.5 * share / Float(leverages.mean)
        let key = mix64(dataset.seed ^ mix64(salt &+ 0x6375_7276))
        for part in 0..<batch.rangeCount {
            for row in batch.range(part) {
                let chance =
                    known.map { share * $0.pointer[row] } ?? 0.5 * share + perLeverage * leverages.values.pointer[row]
                let random = Float(mix64(key &+ UInt64(dataset.order.position(ofLocal: row))) >> 40) * 0x1p-24
                guard random < chance else { continue }
                sample.rows.append(row)
                sample.weights.append(max(1, 1 / chance))
            }
        }
        return sample
    }
}
