import Kernels
import MPI
import Models

/// What the grids of columns depend on.
struct GridKey: Equatable {
    var residual: Int
    var rows: Int
}

/// The sums of a gradient as they travel, where columns have a shorter form.
final class ShortPacket {
    let numbers: AlignedBuffer<Double>
    let units: AlignedBuffer<Int32>

    init(numbers: Int, units: Int) {
        self.numbers = AlignedBuffer(count: numbers)
        self.units = AlignedBuffer(count: units)
    }
}

extension Objective {
    /// Learns how large the values of each column are over all ranks, once: Σ r x_j has a grid from then on. One reduction.
    func prepareGrids() throws {
        guard model is any RowSumModel, columnExponents.isEmpty else { return }
        let largest = dataset.features.largestMagnitudes()
        columnExponents = try reducer.maxima(
            largest.map { Int32(SumGrid.exponent(above: Double($0))) })
        guard let rowSumModel, rowSumModel.sumCount >= reducer.narrowFrom, let own = dataset.features.storedCounts()
        else { return }
        columnCounts = try reducer.sums(own).map { Int32(SumGrid.exponent(above: Double($0))) }
    }

    /// Columns with fewer values travel as whole numbers of 32 bits: their sums are then as exact as Floats.
    private static var fewValues: Int32 { 6 }

    /// The grids of a gradient over `count` rows.
    func grids(count: Int) -> SumGrids {
        var grids = scales.grids(count: count)
        guard rowSumModel != nil else {
            grids.stretches = stretchScales.grids(count: count)
            return grids
        }
        let rows = SumGrid.exponent(above: Double(count))
        let key = GridKey(residual: scales.residualExponent, rows: rows)
        if key != gridKey {
            gridKey = key
            let exponents = columnExponents.indices.map { j in
                Int(columnExponents[j]) + key.residual + min(rows, columnCounts.isEmpty ? rows : Int(columnCounts[j]))
            }
            guard !columnCounts.isEmpty else {
                columnAnchors = AlignedBuffer(exponents.map { SumGrid(exponent: $0).anchor })
                grids.columns = columnAnchors
                return grids
            }
            let isShort = columnCounts.map { $0 <= Self.fewValues }
            columnAnchors = AlignedBuffer(
                zip(exponents, isShort).map { ($1 ? SumUnits.grid(exponent: $0) : SumGrid(exponent: $0)).anchor })
            units = SumUnits(exponents: zip(exponents, isShort).map { $1 ? $0 : nil })
        }
        grids.columns = columnAnchors
        return grids
    }

    /// Takes in the reduced packet.
    /// - Returns: false where it is to be added up again, on other grids.
    func accept(grids: SumGrids, count: Int, attempt: Int) -> Bool {
        let scalars = packet.numbers[Reducer.headerCount...]
        let first = scalars.startIndex
        var isGood = scales.accept(
            loss: scalars[first + 1], squaredNorms: scalars[first + 2], code: scalars[first + 3], count: count,
            attempt: attempt, bound: dataset.weights == nil ? rowSumModel?.residualBound : nil)
        isGood = stretchScales.accept(Array(packet.sizes), count: count, attempt: attempt) && isGood
        guard isGood else { return false }
        rowSumModel?.complete(packet.doubles, of: dataset)
        if let wholeSumModel { packet.complete(stretches: wholeSumModel.stretches, grids: grids.stretches) }
        return true
    }

    /// Adds the packet up over the ranks; of many columns those with few values in their shorter form.
    func reduceSums(decision: Decision) throws {
        guard let units, let model = rowSumModel, reducer.communicator.size > 1 else {
            return try reducer.reduce(packet.numbers, units: packet.units, kind: .gradient, decision: decision)
        }
        let classes = model.sumCount / (units.perUnit.count + 1)
        let scalars = Reducer.headerCount + Reducer.gradientSums
        let short = units.shortColumns * classes
        let wire = shortPacket ?? ShortPacket(numbers: scalars + model.sumCount - short, units: short)
        shortPacket = wire
        guard let sums = packet.doubles.baseAddress else { return }
        for index in 0..<scalars { wire.numbers.pointer[index] = packet.numbers[index] }
        let others = wire.numbers.pointer + scalars
        let isWhole = units.shorten(sums, classes: classes, into: wire.units.pointer, others: others)
        let tail = units.perUnit.count * classes
        (others + tail - short).update(from: sums + tail, count: classes)
        // What is not finite is so on all ranks.
        if !isWhole { wire.numbers.pointer[Reducer.headerCount + 1] = .nan }
        try reducer.reduce(wire.numbers.elements, units: wire.units, kind: .gradient, decision: decision)
        for index in 0..<scalars { packet.numbers[index] = wire.numbers.pointer[index] }
        units.lengthen(wire.units.pointer, others: others, classes: classes, into: sums)
        (sums + tail).update(from: others + tail - short, count: classes)
    }
}
