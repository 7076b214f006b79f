/// Units of the columns of z, in which a row is whole numbers: so few bits that products of `rows` rows add up in Double
/// without rounding. With b bits a column's rounding is u²/12 a row, u its largest value · 2^−b: at most 3e-6 of the diagonal of
/// half a million rows, where one row has all of a column, and far less elsewhere.
public struct MomentGrid: Sendable {
    /// 1/u of each column, a power of two.
    public let perUnit: AlignedBuffer<Double>

    /// Mean z_j² in units², of rows where it is not 0, from which on rounding is at most about a hundredth of it.
    public static let fine = 8.0

    /// - Parameter exponents: |z_j| < 2^exponent.
    public init(exponents: [Int], rows: Int) {
        let bits = (52 - SumGrid.exponent(above: Double(max(1, rows)))) / 2
        perUnit = AlignedBuffer(
            exponents.map { Double(sign: .plus, exponent: min(max(bits - $0, -400), 400), significand: 1) })
    }
}

/// Of each column of z = √h (x − shift, 1 with an intercept): max |z_j|, what units are best made for, and in how many rows it is
/// not 0. From the largest |x_ij| and the largest h units are too coarse, where rows whose values are far out have next to no h.
public struct RootRanges: Sendable {
    public private(set) var tops: [Float]
    public private(set) var counts: [Int32]
    private let hasIntercept: Bool

    public init(columns: Int, hasIntercept: Bool) {
        self.hasIntercept = hasIntercept
        tops = [Float](repeating: 0, count: columns + (hasIntercept ? 1 : 0))
        counts = [Int32](repeating: 0, count: tops.count)
    }

    /// Takes in the rows of `runs`.
    public mutating func add(
        _ features: FeatureMatrix, runs: [SecondMoment.Run], shift: AlignedBuffer<Float>? = nil,
        kernels: KernelSet = .current
    ) {
        let centre = shift.map { UnsafePointer($0.pointer) }
        switch features {
        case .dense(let x):
            for (rows, weights) in runs where !rows.isEmpty {
                tops.withUnsafeMutableBufferPointer { tops in
                    counts.withUnsafeMutableBufferPointer { counts in
                        guard let tops = tops.baseAddress, let counts = counts.baseAddress else { return }
                        kernels.rootRanges(x, rows, shift: centre, weights: weights, tops: tops, counts: counts)
                    }
                }
                guard hasIntercept else { continue }
                for index in 0..<rows.count { add((weights?[index] ?? 1).squareRoot(), to: x.columns) }
            }
        case .sparse(let x):
            let entries = SparseEntries(x, shift: centre, hasIntercept: hasIntercept)
            for (rows, weights) in runs {
                for row in rows {
                    entries.forEach(row, weight: weights?[row - rows.lowerBound] ?? 1) {
                        add(Float(abs($1)), to: Int($0))
                    }
                }
            }
        }
    }

    private mutating func add(_ size: Float, to column: Int) {
        tops[column] = max(tops[column], size)
        if size > 0 { counts[column] += 1 }
    }

    /// Takes in other rows.
    public mutating func add(_ other: RootRanges) {
        for column in tops.indices {
            tops[column] = max(tops[column], other.tops[column])
            counts[column] += other.counts[column]
        }
    }

    /// e with |z_j| < 2^e.
    public var exponents: [Int32] { tops.map { Int32(SumGrid.exponent(above: Double($0))) } }
}
