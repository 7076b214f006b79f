import Datasets
import Kernels

/// A small generator with a fixed sequence (SplitMix64).
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Roughly normal.
    mutating func normal() -> Float {
        (0..<6).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &self) } * 0.707
    }
}

enum TestLabels {
    case binary
    case classes(Int)
    case real, count
}

/// One random data set; dense and sparse views of it hold the same stored rows.
struct TestData {
    let rows: Int
    let columns: Int
    /// Row-major stored values.
    var values: [Float]
    var shift: [Float]?
    var labels: [Float]
    var weights: [Float]?

    init(
        rows: Int, columns: Int, labels kind: TestLabels, weighted: Bool = false, shifted: Bool = false,
        density: Float = 0.4, seed: UInt64 = 1
    ) {
        var random = Generator(state: seed)
        self.rows = rows
        self.columns = columns
        values = (0..<rows * columns).map { _ in
            Float.random(in: 0..<1, using: &random) < density ? random.normal() + 0.3 : 0
        }
        shift = shifted ? (0..<columns).map { _ in 0.3 * random.normal() } : nil
        weights = weighted ? (0..<rows).map { _ in Float.random(in: 0.1...3, using: &random) } : nil
        labels = (0..<rows).map { _ in
            switch kind {
            case .binary: Float(Int.random(in: 0...1, using: &random))
            case .classes(let count): Float(Int.random(in: 0..<count, using: &random))
            case .real: 2 * random.normal() + 1
            case .count: Float(Int.random(in: 0...5, using: &random))
            }
        }
    }

    /// The true row: stored minus shift.
    func row(_ index: Int) -> [Double] {
        (0..<columns).map { Double(values[index * columns + $0]) - Double(shift?[$0] ?? 0) }
    }

    func features(sparse: Bool) -> FeatureMatrix {
        guard sparse else {
            let matrix = DenseMatrix(rows: rows, columns: columns)
            for i in 0..<rows {
                for j in 0..<columns { matrix.row(i)[j] = values[i * columns + j] }
            }
            return .dense(matrix)
        }
        var offsets = [0]
        var indices: [Int32] = []
        var stored: [Float] = []
        for i in 0..<rows {
            for j in 0..<columns where values[i * columns + j] != 0 {
                indices.append(Int32(j))
                stored.append(values[i * columns + j])
            }
            offsets.append(indices.count)
        }
        return .sparse(
            SparseMatrix(
                rows: rows, columns: columns, rowOffsets: AlignedBuffer(offsets), columnIndices: AlignedBuffer(indices),
                values: AlignedBuffer(stored)))
    }

    func dataset(sparse: Bool) -> Dataset {
        let norms = (0..<rows).map { index in Float(row(index).reduce(0) { $0 + $1 * $1 }) }
        return Dataset(
            order: DataOrder(count: rows, ranks: 1, rank: 0), features: features(sparse: sparse),
            shift: shift.map { AlignedBuffer($0) }, labels: AlignedBuffer(labels),
            weights: weights.map { AlignedBuffer($0) }, squaredNorms: AlignedBuffer(norms))
    }
}
