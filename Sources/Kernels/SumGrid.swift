/// A grid for sums in Double that come out the same in any order, on any number of ranks and threads.
///
/// Where every addend is a multiple of one quantum q and the sizes of all addends are together at most 2⁵³ q, every partial sum is
/// exact, whatever the order (Demmel & Nguyen, *Fast Reproducible Floating-Point Summation*, 2013, have the idea for one
/// vector; here it spans ranks because q is known before the sum). An addend v is rounded to the grid as
/// (v + anchor) − anchor with anchor = 1.5 · 2⁵² q, or by a sum that begins at the anchor. The error of a sum of n addends is
/// about 0.29 √n q.
public struct SumGrid: Sendable, Equatable {
    /// 1.5 · 2⁵² q; 0: addends stay as they are.
    public let anchor: Double

    /// No grid: sums as usual, which depend on their order.
    public static let none = SumGrid(anchor: 0)

    private init(anchor: Double) { self.anchor = anchor }

    /// The grid of sums whose addends' sizes add up to less than 2^exponent: q = 2^(exponent − 51).
    public init(exponent: Int) {
        anchor = Double(sign: .plus, exponent: min(max(exponent, -900), 1000) + 1, significand: 1.5)
    }

    /// The unit of sums in whole numbers of 32 bits, as a Float: half of what there is stays free for the addends' rounding.
    public var unit: Float { Float(sign: .plus, exponent: limit.exponent - 30, significand: 1) }

    /// What sums whose addends' sizes add up to `size` are counted in; NaN where they do not fit.
    public func unit(for size: Double) -> Float { size < limit ? unit : .nan }

    /// Sizes must stay below it; infinite without a grid.
    public var limit: Double { anchor > 0 ? anchor / 3 : .infinity }

    public func round(_ value: Double) -> Double { (value + anchor) - anchor }

    /// The next multiple of q, so that a sum is 0 only where all addends are.
    public func roundUp(_ value: Double) -> Double {
        let rounded = round(value)
        return rounded < value ? rounded + limit * 0x1p-51 : rounded
    }

    /// A grid that suits `sum`, which this one did not: it does not fit, or is so small that the grid is coarse for it. Nil: it
    /// is good.
    public func next(after sum: Double, attempt: Int) -> SumGrid? {
        guard anchor > 0, sum.isFinite, attempt < 60 else { return nil }
        let own = limit.exponent
        if sum == 0 { return own > Self.exponentOfNothing ? SumGrid(exponent: own - Self.fall) : nil }
        if abs(sum) >= limit { return SumGrid(exponent: own + 24) }
        let wanted = Self.exponent(above: abs(sum)) + 4
        return wanted < own - 26 && attempt < 3 ? SumGrid(exponent: wanted) : nil
    }

    /// A sum of terms that cannot be negative is believed to be 0 on grids below this: on a coarser one they may all have been
    /// rounded away.
    public static let exponentOfNothing = -20
    /// By how much a grid is tried finer where a sum is 0.
    public static let fall = 50

    /// The least e with |value| < 2^e, between −900 and 1000; NaN and ∞ have 1000.
    public static func exponent(above value: Double) -> Int {
        guard value.isFinite else { return 1000 }
        return value == 0 ? -900 : max(-900, min(value.exponent + 1, 1000))
    }
}

/// The grids of what is added up over the rows of a batch.
public struct SumGrids: Sendable {
    /// Of Σ ω f.
    public var loss = SumGrid.none
    /// Of Σ ‖∇f‖².
    public var squaredNorms = SumGrid.none
    /// Of Σ r, r = ω ∂f/∂m.
    public var residuals = SumGrid.none
    /// Of Σ r x_j: an anchor for each column; nil: no grid.
    public var columns: AlignedBuffer<Double>?
    /// Of gradients in whole numbers (see `SumGrid.unit`): one for each stretch of the parameters; empty: none.
    public var stretches: [SumGrid] = []
    /// Columns that sparse rows of the batch have values in, in their order: sums of others are not written. nil: all.
    public var touched: AlignedBuffer<Int32>?

    public static let none = SumGrids()

    public init() {}
}
