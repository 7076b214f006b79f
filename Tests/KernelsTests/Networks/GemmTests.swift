import Kernels
import Testing

/// Products beside sums written out in the order of k: the same bits where a set fuses multiply and add.
@Suite struct GemmTests {
    struct Shape: Sendable {
        let (m, n, k): (Int, Int, Int)
        init(_ m: Int, _ n: Int, _ k: Int) { (self.m, self.n, self.k) = (m, n, k) }
    }

    static let shapes = [
        Shape(1, 1, 1), Shape(1, 64, 9), Shape(3, 10, 40), Shape(7, 17, 5), Shape(8, 128, 70), Shape(9, 65, 33),
        Shape(13, 48, 300), Shape(20, 130, 129), Shape(70, 31, 8), Shape(5, 200, 1), Shape(64, 64, 64),
    ]

    @Test(arguments: instructionSets, shapes)
    func products(name: String, shape: Shape) {
        let set = kernels(named: name)
        let (m, n, k) = (shape.m, shape.n, shape.k)
        var random = Generator(state: 6)
        for (turnsA, turnsB, adds) in [
            (false, false, false), (false, true, false), (true, false, true), (true, true, false),
            (false, false, true),
        ] {
            let (rowsA, columnsA) = turnsA ? (k, m) : (m, k)
            let (rowsB, columnsB) = turnsB ? (n, k) : (k, n)
            let a = matrix(rowsA, columnsA, gap: 2, &random)
            let b = matrix(rowsB, columnsB, gap: 3, &random)
            let start = random.floats(m * (n + 5))
            let c = Unaligned(start)
            Gemm.multiply(
                m, n, k, a, b, transposingA: turnsA, transposingB: turnsB, into: FloatRows(c.pointer, stride: n + 5),
                adding: adds, with: set)
            for i in 0..<m {
                for j in 0..<n + 5 {
                    let old = start[i * (n + 5) + j]
                    let found = c.pointer[i * (n + 5) + j]
                    guard j < n else {
                        #expect(found == old)
                        continue
                    }
                    var sum: Float = adds ? old : 0
                    var (wide, size) = (Double(sum), abs(Double(sum)))
                    for p in 0..<k {
                        let x = turnsA ? a.row(p)[i] : a.row(i)[p]
                        let y = turnsB ? b.row(j)[p] : b.row(p)[j]
                        sum = sum.addingProduct(x, y)
                        wide += Double(x) * Double(y)
                        size += abs(Double(x) * Double(y))
                    }
                    #expect(abs(Double(found) - wide) <= 1e-6 * size)
                    if name != "baseline" { #expect(found == sum) }
                }
            }
            #expect(c.isGuarded)
        }
    }

    /// A row alone has the bits that it has among others: a network's values do not depend on the batch.
    @Test(arguments: instructionSets)
    func rowsAlone(name: String) {
        let set = kernels(named: name)
        let (m, n, k) = (23, 70, 150)
        var random = Generator(state: 7)
        let (a, b) = (matrix(m, k, gap: 0, &random), matrix(k, n, gap: 0, &random))
        let (all, alone) = (Unaligned(count: m * n), Unaligned(count: m * n))
        Gemm.multiply(m, n, k, a, b, into: FloatRows(all.pointer, stride: n), with: set)
        for i in 0..<m {
            Gemm.multiply(1, n, k, a.from(i), b, into: FloatRows(alone.pointer + i * n, stride: n), with: set)
        }
        #expect(all.values == alone.values)
    }

    @Test func nothingToAdd() {
        let c = Unaligned(count: 6)
        let rows = FloatRows(c.pointer, stride: 3)
        Gemm.multiply(2, 3, 0, rows, rows, into: rows, adding: true)
        #expect(c.values.allSatisfy { $0 == 7 })
        Gemm.multiply(2, 3, 0, rows, rows, into: rows)
        #expect(c.values.allSatisfy { $0 == 0 } && c.isGuarded)
    }

    private func matrix(_ rows: Int, _ columns: Int, gap: Int, _ random: inout Generator) -> FloatRows {
        FloatRows(Unaligned(random.floats(rows * (columns + gap))).pointer, stride: columns + gap)
    }
}
