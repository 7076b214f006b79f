/// Σ h_i x̃_i x̃_iᵀ over rows, x̃ = (x − shift, 1) with an intercept, else x − shift: n times the second moment matrix.
///
/// Sums, so that ranks and threads can add theirs. Rows are centred and scaled by √h in Float, products are summed in
/// Float within `blockRows` rows, in Double beyond: entry (i, j) is wrong by about 1e-6 √(Σ h x̃_i² Σ h x̃_j²) at most.
/// (D + 8)² doubles. D²/2 multiply-adds a row, for sparse rows too: meant for D up to about 1000.
public struct SecondMoment: Sendable {
    /// n: D, or D + 1 with the intercept last.
    public let dimension: Int

    private let hasIntercept: Bool
    /// n rounded up to whole blocks of eight.
    private let width: Int
    /// width × width, row-major; what is below the diagonal means nothing.
    private var tiles: [Double]

    /// Rows whose products are summed in Float; a block of them stays in the first or second level cache.
    static let blockRows = 96

    public init(columns: Int, hasIntercept: Bool) {
        self.hasIntercept = hasIntercept
        dimension = columns + (hasIntercept ? 1 : 0)
        width = (dimension + 7) / 8 * 8
        tiles = [Double](repeating: 0, count: width * width)
    }

    /// Adds rows `rows` of `features`.
    /// - Parameter weights: h ≥ 0, one per row of `rows`; nil means 1.
    public mutating func add(
        _ features: FeatureMatrix, _ rows: Range<Int>, shift: AlignedBuffer<Float>? = nil,
        weights: UnsafePointer<Float>? = nil, kernels: KernelSet = .current
    ) {
        precondition(features.columns == dimension - (hasIntercept ? 1 : 0))
        guard !rows.isEmpty, width > 0 else { return }
        let centre = shift.map { UnsafePointer($0.pointer) }
        let width = width
        let hasIntercept = hasIntercept
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.blockRows * width) { block in
            tiles.withUnsafeMutableBufferPointer { tiles in
                guard let z = block.baseAddress, let sums = tiles.baseAddress else { return }
                for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.blockRows) {
                    let part = start..<min(start + Self.blockRows, rows.upperBound)
                    let next = part.upperBound..<min(part.upperBound + Self.blockRows, rows.upperBound)
                    let h = weights.map { $0 + (start - rows.lowerBound) }
                    switch features {
                    case .dense(let x):
                        kernels.pack(x, part, shift: centre, weights: h, one: hasIntercept, width: width, into: z)
                        kernels.gram(z, rows: part.count, width: width, into: sums, fetching: next, of: x)
                    case .sparse(let x):
                        x.pack(part, shift: centre, weights: h, one: hasIntercept, width: width, into: z)
                        kernels.gram(z, rows: part.count, width: width, into: sums)
                    }
                }
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
    public var sums: [Double] { Self.symmetric(upper[...], dimension: dimension) }

    /// The upper triangle, row after row: n(n + 1)/2 values, what ranks exchange.
    public var upper: [Double] {
        var values: [Double] = []
        values.reserveCapacity(dimension * (dimension + 1) / 2)
        for i in 0..<dimension { values += tiles[(i * width + i)..<(i * width + dimension)] }
        return values
    }

    /// The whole matrix, row-major, from its upper triangle.
    public static func symmetric(_ upper: ArraySlice<Double>, dimension n: Int) -> [Double] {
        precondition(upper.count == n * (n + 1) / 2)
        var matrix = [Double](repeating: 0, count: n * n)
        matrix.withUnsafeMutableBufferPointer { matrix in
            upper.withUnsafeBufferPointer { upper in
                var next = 0
                for i in 0..<n {
                    for j in i..<n {
                        matrix[i * n + j] = upper[next]
                        matrix[j * n + i] = upper[next]
                        next += 1
                    }
                }
            }
        }
        return matrix
    }
}
