import Datasets
import Kernels
import MPI
import Models

/// Rows that depend on their position only: two columns that tell of the label, others that do not.
struct FoldTable: Sendable {
    var rows = 120
    var columns = 4
    var isSparse = false
    var isWeighted = false
    var isNumber = false

    private struct Random {
        var state: UInt64
        /// Uniform in −1 ..< 1.
        mutating func next() -> Double {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Double(state >> 11) * 0x1p-52 - 1
        }
    }

    /// x, y and ω of a row.
    func row(_ position: Int) -> (x: [Double], y: Double, weight: Double) {
        var random = Random(state: (UInt64(position) &+ 1) &* 0x9e37_79b9_7f4a_7c15)
        for _ in 0..<4 { _ = random.next() }
        let x = (0..<columns).map { column -> Double in
            let value = Double(Float(2 * random.next()))
            return isSparse && column > 1 && random.next() < 0.5 ? 0 : value
        }
        let score = x[0] - 0.5 * x[1] + 1.5 * random.next()
        let weight = isWeighted ? Double(1 + position % 3) / 2 : 1
        return (x, isNumber ? Double(Float(score)) : score > 0 ? 1 : 0, weight)
    }

    func dataset(_ communicator: any Communicator = SoloCommunicator()) -> Dataset {
        let order = DataOrder(count: rows, ranks: communicator.size, rank: communicator.rank)
        let all = (0..<order.localCount).map { row(order.position(ofLocal: $0)) }
        let matrix = DenseMatrix(rows: all.count, columns: columns)
        for (local, row) in all.enumerated() {
            for column in 0..<columns { matrix.row(local)[column] = Float(row.x[column]) }
        }
        var features = FeatureMatrix.dense(matrix)
        if isSparse {
            let entries = all.map { row in row.x.indices.filter { row.x[$0] != 0 } }
            let offsets = entries.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
            features = .sparse(
                SparseMatrix(
                    rows: all.count, columns: columns, rowOffsets: AlignedBuffer(offsets),
                    columnIndices: AlignedBuffer(entries.flatMap { $0.map { Int32($0) } }),
                    values: AlignedBuffer(zip(all, entries).flatMap { row, found in found.map { Float(row.x[$0]) } })))
        }
        return Dataset(
            order: order, features: features, labels: AlignedBuffer(all.map { Float($0.y) }),
            weights: isWeighted ? AlignedBuffer(all.map { Float($0.weight) }) : nil,
            squaredNorms: AlignedBuffer(all.map { row in Float(row.x.reduce(0) { $0 + $1 * $1 }) }))
    }

    // MARK: - Slow and obvious

    private func loss(_ m: Double, _ y: Double) -> (value: Double, slope: Double, bend: Double) {
        guard !isNumber else { return ((m - y) * (m - y) / 2, m - y, 1) }
        let s = 2 * y - 1
        let p = 1 / (1 + power(s * m))
        return (logarithm(1 + power(-s * m)), -s * p, p * (1 - p))
    }

    /// Newton's method on the rows at `positions`: the mean loss by weight and (λ/2)‖w‖², the intercept last and free.
    func fit(_ positions: [Int], l2: Double) -> [Double] {
        let found = positions.map(row)
        let total = found.reduce(0) { $0 + $1.weight }
        let count = columns + 1
        var w = [Double](repeating: 0, count: count)
        for _ in 0..<40 {
            var g = (0..<count).map { $0 < columns ? l2 * w[$0] : 0 }
            var h = (0..<count).map { j in (0..<count).map { $0 == j && j < columns ? l2 : 0 } }
            for row in found {
                let x = row.x + [1]
                let (_, slope, bend) = loss(zip(x, w).reduce(0) { $0 + $1.0 * $1.1 }, row.y)
                for j in 0..<count {
                    g[j] += row.weight / total * slope * x[j]
                    for k in 0..<count { h[j][k] += row.weight / total * bend * x[j] * x[k] }
                }
            }
            for (j, d) in solve(h, g).enumerated() { w[j] -= d }
        }
        return w
    }

    /// The loss of every row under the model that has not seen it, over Σ ω.
    func heldOutLoss(folds: [[Int]], l2: Double) -> Double {
        var (sum, total) = (0.0, 0.0)
        for held in folds {
            let w = fit((0..<rows).filter { !held.contains($0) }, l2: l2)
            for row in held.map(row) {
                sum += row.weight * loss(zip(row.x + [1], w).reduce(0) { $0 + $1.0 * $1.1 }, row.y).value
                total += row.weight
            }
        }
        return sum / total
    }

    private func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
        var a = zip(matrix, right).map { $0 + [$1] }
        let n = right.count
        for k in 0..<n {
            for i in 0..<n where i != k {
                let factor = a[i][k] / a[k][k]
                for j in k...n { a[i][j] -= factor * a[k][j] }
            }
        }
        return (0..<n).map { a[$0][n] / a[$0][$0] }
    }
}
