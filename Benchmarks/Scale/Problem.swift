import Datasets
import Glibc
import Kernels

/// A problem of any size whose rows are functions of their positions.
struct ScaleProblem {
    var rows = 100_000
    var columns = 20
    /// Stored values of a row; 0: dense rows.
    var nonZeros = 0
    var classes = 2
    var tolerance = 1e-3
    var l2 = 1e-4

    init(_ words: [String]) {
        var left = words.dropFirst()
        while let name = left.popFirst(), let value = left.popFirst() {
            switch name {
            case "--rows": rows = Int(value) ?? rows
            case "--columns": columns = Int(value) ?? columns
            case "--nonzeros": nonZeros = min(Int(value) ?? 0, columns)
            case "--classes": classes = Int(value) ?? classes
            case "--tolerance": tolerance = Double(value) ?? tolerance
            case "--l2": l2 = Double(value) ?? l2
            default: fatalError("scale-benchmark: unknown option \(name)")
            }
        }
    }

    func dataset(_ order: DataOrder) -> Dataset {
        let count = order.localCount
        let labels = AlignedBuffer<Float>(count: count)
        let norms = AlignedBuffer<Float>(count: count)
        let features = nonZeros > 0 ? sparse(order, labels, norms) : dense(order, labels, norms)
        return Dataset(order: order, features: features, labels: labels, squaredNorms: norms)
    }

    /// What rows of that many values take, labels and norms included.
    func bytes(of dataset: Dataset) -> Int {
        let rows = dataset.order.localCount
        return switch dataset.features {
        case .dense(let matrix): rows * (matrix.stride + 2) * 4
        case .sparse(let matrix): matrix.nonZeros * 8 + rows * 16
        }
    }

    private func dense(_ order: DataOrder, _ labels: AlignedBuffer<Float>, _ norms: AlignedBuffer<Float>)
        -> FeatureMatrix
    {
        let matrix = DenseMatrix(rows: order.localCount, columns: columns)
        for row in 0..<matrix.rows {
            var random = self.random(order, row)
            let values = UnsafeMutableBufferPointer(start: matrix.row(row), count: columns)
            for column in 0..<columns { values[column] = Float(normal(&random)) }
            norms[row] = values.reduce(0) { $0 + $1 * $1 }
            labels[row] = label(&random) { weight in
                values.indices.reduce(0) { $0 + Double(values[$1]) * weight($1) } / Double(columns).squareRoot()
            }
        }
        return .dense(matrix)
    }

    private func sparse(_ order: DataOrder, _ labels: AlignedBuffer<Float>, _ norms: AlignedBuffer<Float>)
        -> FeatureMatrix
    {
        let rows = order.localCount
        let offsets = AlignedBuffer<Int>(count: rows + 1)
        var indices: [Int32] = []
        indices.reserveCapacity(rows * nonZeros)
        let value = Float(1 / Double(nonZeros).squareRoot())
        for row in 0..<rows {
            var random = self.random(order, row)
            var own = Set<Int32>()
            while own.count < nonZeros {
                let u = uniform(&random)
                own.insert(Int32(Double(columns) * u * u * u))
            }
            let sorted = own.sorted()
            indices += sorted
            offsets[row + 1] = indices.count
            norms[row] = Float(nonZeros) * value * value
            labels[row] = label(&random) { weight in
                sorted.reduce(0) { $0 + weight(Int($1)) } * Double(value)
            }
        }
        return .sparse(
            SparseMatrix(
                rows: rows, columns: columns, rowOffsets: offsets, columnIndices: AlignedBuffer(indices),
                values: AlignedBuffer([Float](repeating: value, count: indices.count))))
    }

    /// What a row's margins, of one coefficient a column and class, and chance make of it.
    private func label(_ random: inout SampleRandom, margin: ((Int) -> Double) -> Double) -> Float {
        func score(_ c: Int) -> Double {
            2
                * margin { column in
                    var key = SampleRandom(seed: 7, draw: UInt64(c), position: column, stream: 1)
                    return normal(&key)
                }
        }
        guard classes > 1 else { return Float(score(0) + normal(&random)) }
        guard classes > 2 else { return uniform(&random) < 1 / (1 + exp(-score(0))) ? 1 : 0 }
        // The largest score with Gumbel noise: a draw from the softmax of the scores.
        var best = (score: -Double.infinity, index: 0)
        for c in 0..<classes {
            let found = score(c) - log(-log(max(uniform(&random), 1e-300)))
            if found > best.score { best = (found, c) }
        }
        return Float(best.index)
    }

    private func random(_ order: DataOrder, _ row: Int) -> SampleRandom {
        SampleRandom(seed: 1, draw: 0, position: order.position(ofLocal: row), stream: 0)
    }

    private func uniform(_ random: inout SampleRandom) -> Double { Double(random.next() >> 11) * 0x1p-53 }

    private func normal(_ random: inout SampleRandom) -> Double {
        (-2 * log(max(uniform(&random), 1e-300))).squareRoot() * cos(2 * .pi * uniform(&random))
    }
}
