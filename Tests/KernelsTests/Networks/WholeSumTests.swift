import Kernels
import Testing

/// Sums in whole numbers beside roundings written out one by one.
@Suite struct WholeSumTests {
    /// Groups of samples as a batch has them: cut at its ends, and whole.
    static let groups: [[Int32]] = [[1], [16], [5, 21, 37, 40], [16, 32, 48, 64, 80, 96, 112, 128, 130]]

    @Test(arguments: instructionSets, [(1, 1), (3, 10), (8, 64), (13, 70), (20, 48), (6, 130)])
    func outerProducts(name: String, shape: (inputs: Int, outputs: Int)) {
        let set = kernels(named: name)
        let (inputs, outputs) = shape
        let unit: Float = 0x1p-20
        for ends in Self.groups {
            let rows = Int(ends.last ?? 0)
            var random = Generator(state: 8)
            let x = FloatRows(Unaligned(random.floats(rows * (inputs + 3))).pointer, stride: inputs + 3)
            let delta = FloatRows(Unaligned(random.floats(rows * (outputs + 1))).pointer, stride: outputs + 1)
            var expected = (0..<inputs * outputs).map { Int32($0) }
            let sums = Guarded(expected)
            ends.withUnsafeBufferPointer {
                WholeSums.addOuterProduct(
                    groups: $0, inputs: inputs, x, outputs: outputs, delta, unit: unit, to: sums.pointer, with: set)
            }
            var isClose = true
            for j in 0..<inputs {
                for c in 0..<outputs {
                    var first = 0
                    for end in ends {
                        var sum: Float = 0
                        for i in first..<Int(end) { sum = sum.addingProduct(x.row(i)[j], delta.row(i)[c]) }
                        expected[j * outputs + c] += Int32((sum / unit).rounded(.toNearestOrEven))
                        first = Int(end)
                    }
                    isClose = isClose && abs(Int(expected[j * outputs + c]) - Int(sums.values[j * outputs + c])) <= 32
                }
            }
            #expect(isClose && sums.isGuarded)
            if name != "baseline" { #expect(sums.values == expected, "\(ends)") }
        }
    }

    @Test(arguments: instructionSets, [1, 7, 16, 33, 513, 1100])
    func vectors(name: String, count: Int) {
        let set = kernels(named: name)
        var random = Generator(state: 9)
        let values = random.floats(count)
        let unit: Float = 0x1p-12
        let start = (0..<count).map { Int32($0) - 9 }
        let sums = Guarded(start)
        let (squares, largest) = WholeSums.add(count: count, values, unit: unit, to: sums.pointer, with: set)
        #expect(largest == values.map(abs).max())
        let expectedSquares = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(squares - expectedSquares) <= 1e-6 * expectedSquares)
        #expect(
            sums.values == zip(start, values).map { $0 + Int32(($1 / unit).rounded(.toNearestOrEven)) }
                && sums.isGuarded)

        // Two sums become one, beyond the largest number too; then Floats, in their place.
        let before = sums.values
        let others = before.map { $0 &+ Int32.max }
        WholeSums.add(count: count, others, to: sums.pointer, with: set)
        let total = zip(before, others).map { $0 &+ $1 }
        #expect(sums.values == total)
        let floats = UnsafeMutableRawPointer(sums.pointer).assumingMemoryBound(to: Float.self)
        WholeSums.values(count: count, sums.pointer, unit: unit, into: floats, with: set)
        #expect((0..<count).allSatisfy { floats[$0] == Float(total[$0]) * unit } && sums.isGuarded)
    }

    /// Halves go to the even neighbour, so that a gradient and its opposite are rounded alike.
    @Test(arguments: instructionSets)
    func halves(name: String) {
        let values: [Float] = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.25, -0.75]
        let sums = Guarded([Int32](repeating: 0, count: values.count))
        _ = WholeSums.add(count: values.count, values, unit: 1, to: sums.pointer, with: kernels(named: name))
        #expect(sums.values == [0, 2, 2, 0, -2, -2, 0, -1])
    }

    /// Whole numbers with others behind them that must stay.
    private struct Guarded {
        let pointer: UnsafeMutablePointer<Int32>
        private let count: Int

        init(_ values: [Int32]) {
            count = values.count
            pointer = .allocate(capacity: values.count + 32)
            pointer.initialize(repeating: 12345, count: values.count + 32)
            for (index, value) in values.enumerated() { pointer[index] = value }
        }

        var values: [Int32] { (0..<count).map { pointer[$0] } }
        var isGuarded: Bool { (count..<count + 32).allSatisfy { pointer[$0] == 12345 } }
    }
}
