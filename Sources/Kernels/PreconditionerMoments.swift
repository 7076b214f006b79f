/// Σ h_i x̃_i x̃_iᵀ over rows, x̃ = (x − shift, 1) with an intercept, else x − shift: n times the second moment matrix.
///
/// Sums, so that ranks and threads can add theirs. Rows are centred and scaled by √h in Float, products are summed in Double;
/// with a `MomentGrid` of whole numbers, and so to the same bits in any order. (D + 8)² doubles. D²/2 multiply-adds a dense row,
/// s²/2 a row of s entries that are few (columns that are centred count as entries): meant for D up to about 1000.
public struct SecondMoment: Sendable {
    /// n: D, or D + 1 with the intercept last.
    public let dimension: Int

    private let hasIntercept: Bool
    private let grid: MomentGrid?
    /// n rounded up to whole blocks of eight.
    private let width: Int
    /// width × width, row-major; what is below the diagonal means nothing.
    private var tiles: [Double]

    /// A block of rows stays in the first or second level cache.
    static let blockRows = 48
    /// Multiply-adds of dense rows that take as long as one of entries.
    public static let entryWork = 16.0

    /// - Parameter grid: of `dimension` columns.
    public init(columns: Int, hasIntercept: Bool, grid: MomentGrid? = nil) {
        self.hasIntercept = hasIntercept
        self.grid = grid
        dimension = columns + (hasIntercept ? 1 : 0)
        precondition(grid == nil || grid?.perUnit.count == dimension)
        width = (dimension + 7) / 8 * 8
        tiles = [Double](repeating: 0, count: width * width)
    }

    /// Consecutive rows with their h ≥ 0; nil means 1.
    public typealias Run = (rows: Range<Int>, weights: UnsafePointer<Float>?)

    /// Adds rows `rows` of `features`.
    /// - Parameter weights: h ≥ 0, one per row of `rows`; nil means 1.
    public mutating func add(
        _ features: FeatureMatrix, _ rows: Range<Int>, shift: AlignedBuffer<Float>? = nil,
        weights: UnsafePointer<Float>? = nil, kernels: KernelSet = .current
    ) {
        add(features, runs: [(rows, weights)], shift: shift, kernels: kernels)
    }

    /// Adds the rows of `runs`, which together fill whole blocks.
    public mutating func add(
        _ features: FeatureMatrix, runs: [Run], shift: AlignedBuffer<Float>? = nil, kernels: KernelSet = .current
    ) {
        precondition(features.columns == dimension - (hasIntercept ? 1 : 0))
        guard width > 0 else { return }
        let centre = shift.map { UnsafePointer($0.pointer) }
        switch features {
        case .dense(let x): add(x, runs, shift: centre, kernels)
        case .sparse(let x):
            let entries = SparseEntries(x, shift: centre, perUnit: grid?.perUnit, hasIntercept: hasIntercept)
            if entries.perRow(of: runs) * Self.entryWork.squareRoot() < Double(dimension) {
                tiles.withUnsafeMutableBufferPointer { entries.add(runs, to: $0, width: width, kernels) }
            } else {
                add(entries, runs, kernels)
            }
        }
    }

    private mutating func add(
        _ x: DenseMatrix, _ runs: [Run], shift: UnsafePointer<Float>?, _ kernels: KernelSet
    ) {
        let (width, hasIntercept) = (width, hasIntercept)
        let perUnit = grid.map { UnsafePointer($0.perUnit.pointer) }
        fillBlocks { z, sums in
            var filled = 0
            for (rows, weights) in runs {
                var start = rows.lowerBound
                while start < rows.upperBound {
                    let part = start..<min(start + Self.blockRows - filled, rows.upperBound)
                    kernels.pack(
                        x, part, shift: shift, weights: weights.map { $0 + (start - rows.lowerBound) },
                        perUnit: perUnit, one: hasIntercept, width: width, into: z + filled * width)
                    filled += part.count
                    start = part.upperBound
                    guard filled == Self.blockRows else { continue }
                    let next = start..<min(start + Self.blockRows, rows.upperBound)
                    kernels.gram(z, rows: filled, width: width, into: sums, fetching: next, of: x)
                    filled = 0
                }
            }
            kernels.gram(z, rows: filled, width: width, into: sums)
        }
    }

    /// Sparse rows that are nearly full, as dense ones.
    private mutating func add(_ entries: SparseEntries, _ runs: [Run], _ kernels: KernelSet) {
        let width = width
        fillBlocks { z, sums in
            var filled = 0
            for (rows, weights) in runs {
                for row in rows {
                    let to = z + filled * width
                    to.update(repeating: 0, count: width)
                    entries.forEach(row, weight: weights?[row - rows.lowerBound] ?? 1) { to[Int($0)] = $1 }
                    filled += 1
                    guard filled == Self.blockRows else { continue }
                    kernels.gram(z, rows: filled, width: width, into: sums)
                    filled = 0
                }
            }
            kernels.gram(z, rows: filled, width: width, into: sums)
        }
    }

    private mutating func fillBlocks(
        _ body: (_ block: UnsafeMutablePointer<Double>, _ sums: UnsafeMutablePointer<Double>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.blockRows * width) { block in
            tiles.withUnsafeMutableBufferPointer { tiles in
                guard let z = block.baseAddress, let sums = tiles.baseAddress else { return }
                body(z, sums)
            }
        }
    }

    /// Adds the sums of other rows.
    public mutating func add(_ other: SecondMoment) {
        precondition(other.dimension == dimension)
        other.tiles.withUnsafeBufferPointer { other in
            tiles.withUnsafeMutableBufferPointer { FixedOrder.add(1, other, to: $0) }
        }
    }

    /// dimension × dimension, row-major, symmetric.
    public var sums: [Double] { Self.symmetric(upper[...], dimension: dimension, grid: grid) }

    /// The upper triangle, row after row: n(n + 1)/2 values, in units of the grid: what ranks exchange.
    public var upper: [Double] {
        var values: [Double] = []
        values.reserveCapacity(dimension * (dimension + 1) / 2)
        for i in 0..<dimension { values += tiles[(i * width + i)..<(i * width + dimension)] }
        return values
    }

    /// The whole matrix, row-major, from its upper triangle.
    public static func symmetric(
        _ upper: ArraySlice<Double>, dimension n: Int, grid: MomentGrid? = nil
    ) -> [Double] {
        precondition(upper.count == n * (n + 1) / 2)
        var matrix = [Double](repeating: 0, count: n * n)
        matrix.withUnsafeMutableBufferPointer { matrix in
            upper.withUnsafeBufferPointer { upper in
                var next = 0
                for i in 0..<n {
                    for j in i..<n {
                        let value = upper[next] / (grid.map { $0.perUnit.pointer[i] * $0.perUnit.pointer[j] } ?? 1)
                        matrix[i * n + j] = value
                        matrix[j * n + i] = value
                        next += 1
                    }
                }
            }
        }
        return matrix
    }
}
