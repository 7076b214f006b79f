import Kernels

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
        Self.grid(max(mean.isFinite ? SumGrid.exponent(above: mean) + room : loss, least + 2), count)
    }

    /// Of losses at `count` other rows.
    func lossGrid(count: Int) -> SumGrid { Self.grid(max(loss, least + 2), count) }

    func curvatureGrid(count: Int) -> SumGrid { Self.grid(curvature, count) }

    func code(largest: Float) -> Double { LargestOfRanks.code(largest, scale: residual) }

    // MARK: - After a reduction

    /// Takes in the sums over `count` rows.
    /// - Parameters:
    ///   - squares: nil where norms were not measured.
    ///   - bound: the largest |r| there can be; nil: not known.
    /// - Returns: whether they are good; else they are to be added up again.
    mutating func accept(
        loss total: Double, squaredNorms squares: Double?, code: Double, count: Int, attempt: Int, bound: Double?
    ) -> Bool {
        let grids = grids(count: count)
        let isLossGood = Self.accept(
            total, grids.loss, &loss, count, room: Self.lossRoom, attempt: attempt, floor: least + 2)
        var areSquaresGood = true
        if let squares {
            areSquaresGood = Self.accept(
                squares, grids.squaredNorms, &squaredNorms, count, room: Self.squareRoom, attempt: attempt)
        }
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
        guard total != 0 else {
            let isNothing = max(exponent, floor) <= max(SumGrid.exponentOfNothing, floor)
            if !isNothing { exponent = max(exponent, floor) - SumGrid.fall }
            return isNothing || attempt > 20
        }
        let found = SumGrid.exponent(above: abs(total) / Double(max(1, count))) + room
        let isCoarse = max(found, floor) < max(exponent, floor) - coarseness
        exponent = found
        return !isCoarse || attempt >= 3
    }
}

/// What the grids of columns depend on.
struct GridKey: Equatable {
    var residual: Int
    var rows: Int
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
