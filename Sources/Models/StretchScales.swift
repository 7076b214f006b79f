import Kernels

/// How large the gradients of samples are in each stretch of the parameters, which the units of their sums follow: a pure function
/// of reduced numbers.
public struct StretchScales: Codable, Sendable {
    /// The mean over a batch of what bounds a sample's elements is expected below 2^e.
    private var exponents: [Int]

    /// Room for a batch whose samples have more.
    private static let room = 3
    /// By how much what does not fit is tried larger, once, twice …
    private static let leap = 5
    /// Units that are coarser than they need be by more bits than this are not good enough.
    private static let coarseness = 5
    /// Units stay Floats, and their inverses too.
    private static let range = -80...100

    public var count: Int { exponents.count }

    public init(count: Int) { exponents = [Int](repeating: 1, count: count) }

    /// Of sums over `count` rows.
    public func grids(count: Int) -> [SumGrid] {
        exponents.map {
            SumGrid(
                exponent: min(max($0, Self.range.lowerBound), Self.range.upperBound)
                    + SumGrid.exponent(above: Double(count)))
        }
    }

    /// Takes in the sums of the sizes over `count` rows.
    /// - Returns: whether the units were good; else all is to be added up again.
    public mutating func accept(_ sizes: [Double], count: Int, attempt: Int) -> Bool {
        var isGood = true
        let grids = grids(count: count)
        for (index, size) in sizes.enumerated() where size.isFinite && size != 0 {
            let exponent = exponents[index]
            let wanted =
                size >= grids[index].limit
                ? exponent + Self.leap * (attempt + 1)
                : SumGrid.exponent(above: size / Double(max(1, count))) + Self.room
            exponents[index] = min(max(wanted, Self.range.lowerBound), Self.range.upperBound)
            let isCoarse = exponents[index] < exponent - Self.coarseness && attempt < 60
            if exponents[index] != exponent, size >= grids[index].limit || isCoarse { isGood = false }
        }
        return isGood
    }
}
