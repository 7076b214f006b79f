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

    mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }
}

/// A random matrix, about 60 % of it zero, in both storages.
struct RandomMatrix {
    let rows: Int
    let columns: Int
    let values: [Float]

    init(rows: Int, columns: Int, seed: UInt64 = 7) {
        var random = Generator(state: seed)
        self.rows = rows
        self.columns = columns
        values = random.floats(rows * columns, -1...1.5).map { abs($0) < 0.75 ? 0 : $0 }
    }

    init(rows: Int, columns: Int, dense: DenseMatrix) {
        self.rows = rows
        self.columns = columns
        values = (0..<rows).flatMap { row in (0..<columns).map { dense.row(row)[$0] } }
    }

    subscript(row: Int, column: Int) -> Double { Double(values[row * columns + column]) }

    var dense: DenseMatrix {
        let matrix = DenseMatrix(rows: rows, columns: columns)
        for i in 0..<rows {
            for j in 0..<columns { matrix.row(i)[j] = values[i * columns + j] }
        }
        return matrix
    }

    var sparse: SparseMatrix {
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
        return SparseMatrix(
            rows: rows, columns: columns, rowOffsets: AlignedBuffer(offsets), columnIndices: AlignedBuffer(indices),
            values: AlignedBuffer(stored))
    }
}

/// Shapes that meet every tail: of four rows, of the vector width, of the class tiles.
let shapes = [(1, 1), (3, 5), (4, 16), (7, 33), (18, 54), (33, 130)]
