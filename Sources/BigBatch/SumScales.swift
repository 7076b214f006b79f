import Datasets
import Kernels
import MPI
import Models

/// How large the sums over rows are going to be: the grids of the next batch, from what the last ones were.
///
/// A pure function of reduced numbers, so the same on every rank and at any number of them. Sums of terms that cannot be
/// negative are seen to have left their grid: then they are at least its limit, whatever the order. Of Σ r x_j the largest
/// |r| decides. Whatever does not fit, or is so much smaller that the grid is coarse for it, is added up once more.
struct SumScales: Codable {
    /// Exponents of what a row has of Σ ω f, of Σ ‖∇f‖² and of the curvature along a direction, with room.
    private var loss = 3
    private var squaredNorms = 12
    private var curvature = 12
    /// |r| < 2^residual.
    private var residual = 1
    /// −f of a row is below 2^least.
    var least = -900

    /// Room for what a row may have more in the next batch.
    private static let lossRoom = 3, squareRoom = 6, residualRoom = 4, curvatureRoom = 10
    /// Residuals may be so many bits below their bound.
    private static let levelsOfRoom = 16
    /// A sum so many bits below its limit is added up again on a finer grid.
    private static let coarseness = 26
    /// By how much what does not fit is tried larger.
    private static let leap = 24

    private static func grid(_ exponent: Int, _ count: Int) -> SumGrid {
        SumGrid(exponent: exponent + SumGrid.exponent(above: Double(count)))
    }

    /// Of a gradient over `count` rows; the columns are `columnAnchors`'.
    func grids(count: Int) -> SumGrids {
        var grids = SumGrids()
        grids.loss = Self.grid(max(loss, least + 2), count)
        grids.squaredNorms = Self.grid(squaredNorms, count)
        grids.residuals = Self.grid(residual, count)
        return grids
    }

    /// |r| < 2^this.
    var residualExponent: Int { residual }

    /// Of losses at `count` rows where those of the batch are about `mean`: much larger ones count as infinite.
    func lossGrid(mean: Double, count: Int, room: Int = 4) -> SumGrid {
        Self.grid(max(SumGrid.exponent(above: mean) + room, least + 2), count)
    }

    func curvatureGrid(count: Int) -> SumGrid { Self.grid(curvature, count) }

    func code(largest: Float) -> Double { LargestOfRanks.code(largest, scale: residual) }

    // MARK: - After a reduction

    /// Takes in the sums over `count` rows.
    /// - Parameter bound: the largest |r| there can be; nil: not known.
    /// - Returns: whether they are good; else they are to be added up again.
    mutating func accept(
        loss total: Double, squaredNorms squares: Double, code: Double, count: Int, attempt: Int, bound: Double?
    ) -> Bool {
        let grids = grids(count: count)
        let isLossGood = Self.accept(
            total, grids.loss, &loss, count, room: Self.lossRoom, attempt: attempt, floor: least + 2)
        let areSquaresGood = Self.accept(
            squares, grids.squaredNorms, &squaredNorms, count, room: Self.squareRoom, attempt: attempt)
        let level = LargestOfRanks.level(code)
        // Above the grid, or so far below that it is coarse; residuals that are all 0 fit anywhere.
        let isResidualGood = level.map { $0 <= 0 && $0 >= -Self.levelsOfRoom } ?? true
        if let level { residual = max(-800, residual + level + (isResidualGood ? Self.residualRoom : 1)) }
        if let bound { residual = min(residual, SumGrid.exponent(above: bound)) }
        return attempt > 100 || (isLossGood && areSquaresGood && isResidualGood)
    }

    /// The same for the curvature along a direction.
    mutating func accept(curvature total: Double, count: Int, attempt: Int) -> Bool {
        let grid = curvatureGrid(count: count)
        return Self.accept(total, grid, &curvature, count, room: Self.curvatureRoom, attempt: attempt) || attempt > 60
    }

    private static func accept(
        _ total: Double, _ grid: SumGrid, _ exponent: inout Int, _ count: Int, room: Int, attempt: Int,
        floor: Int = -900
    ) -> Bool {
        guard total.isFinite else { return true }
        guard abs(total) < grid.limit else {
            exponent = max(exponent, floor) + leap
            return false
        }
        guard total != 0 else { return true }
        let found = SumGrid.exponent(above: abs(total) / Double(max(1, count))) + room
        let isCoarse = max(found, floor) < max(exponent, floor) - coarseness
        exponent = found
        return !isCoarse || attempt >= 3
    }
}

/// The largest of numbers that ranks have, up to a power of two and out of a sum: of powers of 2²⁰ the largest decides.
enum LargestOfRanks {
    /// From 2⁻²⁴ to 2²⁴ of the scale.
    static let levels = 24
    /// As many bits as ranks that may have the same.
    private static let bits = 20

    /// - Parameter scale: numbers are counted in units of 2^scale.
    static func code(_ largest: Float, scale: Int) -> Double {
        if largest == 0 { return 0 }
        let level = SumGrid.exponent(above: Double(largest)) - scale
        return Double(sign: .plus, exponent: bits * (min(max(level, -levels), levels) + levels), significand: 1)
    }

    /// e with the largest below 2^(e + scale), from a sum of codes; at most `levels`. Nil where all are 0.
    static func level(_ sum: Double) -> Int? { sum.isFinite && sum > 0 ? sum.exponent / bits - levels : nil }
}

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

    /// Adds the packet up over the ranks; of many columns those with few values in their shorter form.
    func reduceSums(decision: Decision) throws {
        guard let units, let model = rowSumModel, reducer.communicator.size > 1 else {
            return try reducer.reduce(packet.numbers, kind: .gradient, isExact: true, decision: decision)
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
        try reducer.reduce(
            wire.numbers.elements, units: wire.units, kind: .gradient, isExact: true, decision: decision)
        for index in 0..<scalars { packet.numbers[index] = wire.numbers.pointer[index] }
        units.lengthen(wire.units.pointer, others: others, classes: classes, into: sums)
        (sums + tail).update(from: others + tail - short, count: classes)
    }
}
