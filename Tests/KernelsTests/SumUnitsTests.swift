import Testing

@testable import Kernels

@Suite("Sums of columns on their way")
struct SumUnitsTests {
    private static let (columns, classes) = (9, 3)
    /// Every third column stays Double.
    private let units = SumUnits(exponents: (0..<9).map { $0 % 3 == 0 ? nil : 4 })
    /// Whole numbers of 2⁻²⁶, the unit of exponent 4.
    private let sums = (0..<27).map { Double(($0 * 7919) % 1000 - 500) * 0x1p-26 }

    @Test("Packed and added to zeros, sums are what they were, and others 0")
    func roundTrip() {
        let short = AlignedBuffer<Int32>([1, 4, 5, 8])
        let whole = AlignedBuffer<Int32>([0, 6])
        let packed = AlignedBuffer<Int32>(count: short.count * Self.classes)
        let doubles = AlignedBuffer<Double>(count: whole.count * Self.classes)
        var found = [Double](repeating: 0, count: sums.count)
        found.withUnsafeMutableBufferPointer { found in
            guard let target = found.baseAddress else { return }
            #expect(units.pack(short, of: sums, classes: Self.classes, into: packed.pointer))
            SumColumns.pack(whole, of: sums, classes: Self.classes, into: doubles.pointer)
            units.add(packed, of: short, classes: Self.classes, to: target)
            SumColumns.add(doubles, of: whole, classes: Self.classes, to: target)
            SumColumns.add(doubles, of: whole, classes: Self.classes, to: target)
        }
        for j in 0..<Self.columns {
            let times = [0, 6].contains(j) ? 2.0 : [1, 4, 5, 8].contains(j) ? 1 : 0
            #expect(units.isShort(j) == (j % 3 != 0))
            for c in 0..<Self.classes {
                #expect(found[j * Self.classes + c] == times * sums[j * Self.classes + c])
            }
        }
    }

    @Test("A part has the sums of its columns, 0 for those not named, and nothing before or behind it")
    func placing() {
        var found = [Double](repeating: -1, count: sums.count)
        found.withUnsafeMutableBufferPointer { found in
            guard let target = found.baseAddress else { return }
            SumColumns.place(
                AlignedBuffer<Int32>([3, 5]), among: 3..<7, of: sums, classes: Self.classes, into: target)
        }
        for (index, value) in found.enumerated() {
            let column = index / Self.classes
            #expect(value == ([3, 5].contains(column) ? sums[index] : (3..<7).contains(column) ? 0 : -1))
        }
    }

    @Test("What is no whole number of 32 bits is told", arguments: [Double.nan, .infinity, 64])
    func misfits(value: Double) {
        var broken = sums
        broken[4 * Self.classes + 1] = value
        let list = AlignedBuffer<Int32>([1, 4])
        let packed = AlignedBuffer<Int32>(count: list.count * Self.classes)
        #expect(!units.pack(list, of: broken, classes: Self.classes, into: packed.pointer))
    }
}
