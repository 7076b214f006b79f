import CKernels

/// Losses of one margin that have vector kernels; `Models` has the formulas.
public enum LossKind: Sendable, Equatable {
    case logistic, squaredError, squaredHinge, poisson
    case huber(delta: Double)

    fileprivate var code: ck_loss {
        switch self {
        case .logistic: ck_logistic
        case .squaredError: ck_squared_error
        case .squaredHinge: ck_squared_hinge
        case .huber: ck_huber
        case .poisson: ck_poisson
        }
    }

    fileprivate var delta: Double {
        if case .huber(let delta) = self { delta } else { 0 }
    }
}

/// The numerical kernels compiled for one instruction set.
///
/// `current` is the fastest this machine runs; CRESCENDO_ISA=baseline|avx2|avx512 names another one. Every member takes
/// raw memory and checks nothing: shapes are stated beside each argument, padding is zero, class strides are multiples
/// of 8 (`classStride`).
public struct KernelSet: @unchecked Sendable {
    // Unchecked Sendable: points to a constant table of functions.
    @usableFromInline let table: UnsafePointer<ck_kernels>

    public static let current = KernelSet(table: ck_current())

    /// All sets this machine can run, for tests.
    public static var available: [KernelSet] {
        ["baseline", "avx2", "avx512"].compactMap { (name: String) in ck_named(name).map(KernelSet.init(table:)) }
    }

    public var name: String { String(cString: table.pointee.name) }

    /// Floats between two rows of a block with one value per class.
    public static func classStride(_ classes: Int) -> Int { classes == 1 ? 1 : (classes + 7) / 8 * 8 }

    init(table: UnsafePointer<ck_kernels>) { self.table = table }
}

/// What a gradient pass adds up beside the gradient.
public struct PassTotals: Sendable {
    fileprivate var sums = ck_pass_sums()

    public init() {}

    /// Σ ω f.
    public var loss: Double { sums.loss }
    /// Σ r² (‖x‖² + extra).
    public var squaredNorms: Double { sums.squares }
    /// Σ r; of one class.
    public var residuals: Double { sums.residuals }
    /// max |r|.
    public var largest: Float {
        withUnsafeBytes(of: sums.largest) { $0.bindMemory(to: Float.self).reduce(0) { max($0, $1) } }
    }
}

// MARK: - Dense products

extension KernelSet {
    /// m[i] = offset + x_i·w for rows `rows` of `x`; w has `x.stride` values.
    public func margins(
        _ x: DenseMatrix, _ rows: Range<Int>, weights w: UnsafePointer<Float>, offset: Float,
        into m: UnsafeMutablePointer<Float>
    ) {
        table.pointee.margins(x.row(rows.lowerBound), x.stride, rows.count, x.stride, w, offset, m)
    }

    /// sums += Σ_i r[i] x_i; sums has `x.stride` values and begins at its anchors, if any. Sums of a piece (what there is of
    /// sixteen rows 16k ..< 16(k + 1)) are Float.
    public func transposedProduct(
        _ x: DenseMatrix, _ rows: Range<Int>, residuals r: UnsafePointer<Float>,
        into sums: UnsafeMutablePointer<Double>
    ) {
        table.pointee.transposed(x.row(rows.lowerBound), x.stride, rows.lowerBound, rows.count, x.stride, r, sums)
    }

    /// One read of `rows`: margins m_i = offset + x_i·w, r_i = ω_i ∂f/∂m, and added to `totals` Σ ω f,
    /// Σ r_i² (squaredNorms[i] + extra) and Σ r_i, on their grids, and to `sums`, which begins at its anchors, Σ r_i x_i.
    ///
    /// `labels`, `sampleWeights` (nil: 1) and `squaredNorms` (nil: the sum is not wanted) belong to row 0 of x onwards;
    /// w, `sums` and `partial` have `x.stride` values, `partial` zeros, before and after.
    public func pass(
        _ kind: LossKind, _ x: DenseMatrix, _ rows: Range<Int>, weights w: UnsafePointer<Float>, offset: Float,
        labels: UnsafePointer<Float>, sampleWeights: UnsafePointer<Float>?, squaredNorms: UnsafePointer<Float>?,
        extra: Double, grids: SumGrids = .none, partial: UnsafeMutablePointer<Float>,
        sums: UnsafeMutablePointer<Double>, totals: inout PassTotals
    ) {
        var pass = ck_pass(
            stride: x.stride, w: w, offset: offset, kind: kind.code, delta: kind.delta, extra: extra,
            loss_anchor: grids.loss.anchor, square_anchor: grids.squaredNorms.anchor,
            residual_anchor: grids.residuals.anchor, g: partial, sums: sums)
        var part = ck_rows(
            first: rows.lowerBound, count: rows.count, x: x.row(rows.lowerBound), labels: labels + rows.lowerBound,
            weights: sampleWeights.map { $0 + rows.lowerBound }, norms: squaredNorms.map { $0 + rows.lowerBound })
        table.pointee.pass(&pass, &part, &totals.sums)
    }

    /// Adds ‖offset + Σ_{j < columns} x[i, j] panel[j, ·]‖² for rows `rows` to the eight lanes of each row, whose sum it is;
    /// a row of the panel is sixteen values.
    func addPanelSquares(
        _ x: DenseMatrix, _ rows: Range<Int>, columns: Int, panel: UnsafePointer<Float>,
        offset: UnsafePointer<Float>, to lanes: UnsafeMutablePointer<Float>
    ) {
        table.pointee.panel_squares(x.row(rows.lowerBound), x.stride, rows.count, columns, panel, offset, lanes)
    }

    /// out[i] = Σ_j scale_j (x_ij − shift_j)² (nil: 1 and 0), summed in Double; scale and shift have `x.stride` values, zero in the
    /// padding.
    public func squaredNorms(
        _ x: DenseMatrix, _ rows: Range<Int>, scale: UnsafePointer<Float>? = nil, shift: UnsafePointer<Float>? = nil,
        into out: UnsafeMutablePointer<Float>
    ) {
        table.pointee.squared_norms(x.row(rows.lowerBound), x.stride, rows.count, x.stride, scale, shift, out)
    }
}

// MARK: - Links and losses over blocks of margins

extension KernelSet {
    /// Σ ω f(m, label). `residuals` (nil: not wanted; may be `margins`) = ω ∂f/∂m.
    public func loss(
        _ kind: LossKind, count: Int, margins: UnsafePointer<Float>, labels: UnsafePointer<Float>,
        weights: UnsafePointer<Float>?, grid: SumGrid = .none, residuals: UnsafeMutablePointer<Float>? = nil
    ) -> Double {
        table.pointee.loss(kind.code, kind.delta, count, margins, nil, 0, labels, weights, residuals, grid.anchor)
    }

    /// Σ ω f(m + step · slope, label): one trial of a line search.
    public func loss(
        _ kind: LossKind, count: Int, margins: UnsafePointer<Float>, slopes: UnsafePointer<Float>, step: Float,
        labels: UnsafePointer<Float>, weights: UnsafePointer<Float>?, grid: SumGrid = .none
    ) -> Double {
        table.pointee.loss(
            kind.code, kind.delta, count, margins, slopes, step, labels, weights, nil, grid.anchor)
    }

    /// out[i] = ω ∂²f/∂m²; `out` may be `margins`.
    public func secondDerivatives(
        _ kind: LossKind, count: Int, margins: UnsafePointer<Float>, labels: UnsafePointer<Float>,
        weights: UnsafePointer<Float>?, into out: UnsafeMutablePointer<Float>
    ) {
        table.pointee.second_derivatives(kind.code, kind.delta, count, margins, labels, weights, out)
    }

    /// Σ h v², in Double.
    public func squareSum(
        count: Int, _ h: UnsafePointer<Float>, _ v: UnsafePointer<Float>, grid: SumGrid = .none
    ) -> Double {
        table.pointee.square_sum(count, h, v, grid.anchor)
    }

    /// Σ ω (log Σ_c exp m_c − m_label). `residuals` (nil: not wanted; may be `margins`) = ω (softmax(m) − e_label),
    /// zero in the padding.
    public func softmax(
        rows: Int, classes: Int, margins: UnsafePointer<Float>, labels: UnsafePointer<Float>,
        weights: UnsafePointer<Float>?, grid: SumGrid = .none, residuals: UnsafeMutablePointer<Float>? = nil
    ) -> Double {
        table.pointee.softmax(
            rows, classes, Self.classStride(classes), margins, labels, weights, residuals, grid.anchor)
    }

    /// Σ ω (Σ_c p_c d_c² − (Σ_c p_c d_c)²) of the probabilities p, d (class stride) the margins of a direction.
    public func softmaxCurvature(
        rows: Int, classes: Int, margins: UnsafePointer<Float>, direction: UnsafePointer<Float>,
        weights: UnsafePointer<Float>?, grid: SumGrid = .none
    ) -> Double {
        table.pointee.softmax_curvature(
            rows, classes, Self.classStride(classes), margins, direction, weights, grid.anchor)
    }

    /// Probabilities, `classes` packed values a row, from margins with the class stride.
    public func softmaxProbabilities(
        rows: Int, classes: Int, margins: UnsafePointer<Float>, into p: UnsafeMutablePointer<Float>
    ) {
        table.pointee.softmax_rows(rows, classes, Self.classStride(classes), margins, p)
    }

    /// p = 1/(1 + exp(−m)).
    public func sigmoid(count: Int, margins: UnsafePointer<Float>, into p: UnsafeMutablePointer<Float>) {
        table.pointee.sigmoid(count, margins, p)
    }

    /// out = a + step · b.
    public func addScaled(
        count: Int, _ a: UnsafePointer<Float>, step: Float, _ b: UnsafePointer<Float>,
        into out: UnsafeMutablePointer<Float>
    ) {
        table.pointee.add_scaled(count, a, step, b, out)
    }

    /// Adds S = Σ_i ‖r_i‖² (squaredNorms[i] + extra), the squared gradient norms of a generalised linear model, and max |r| to
    /// `totals`, and Σ_i r[i, c] to sums[c] (class stride), on their grids.
    public func residualSums(
        rows: Int, classes: Int, residuals: UnsafePointer<Float>, squaredNorms: UnsafePointer<Float>, extra: Double,
        grids: SumGrids = .none, into sums: UnsafeMutablePointer<Double>, totals: inout PassTotals
    ) {
        table.pointee.residual_sums(
            rows, classes, Self.classStride(classes), residuals, squaredNorms, extra, grids.squaredNorms.anchor,
            grids.residuals.anchor, sums, &totals.sums)
    }
}

// MARK: - Tables

extension KernelSet {
    /// Adds rows of `columns` doubles to sums, as pairs (TwoSum), largest values, largest negated values and numbers of values
    /// that are not 0, one of each a column.
    public func moments(
        _ x: UnsafePointer<Double>, rows: Int, columns: Int, sums: UnsafeMutablePointer<Double>,
        tails: UnsafeMutablePointer<Double>, highest: UnsafeMutablePointer<Double>,
        lowest: UnsafeMutablePointer<Double>, stored: UnsafeMutablePointer<Double>
    ) {
        table.pointee.table_moments(x, rows, columns, sums, tails, highest, lowest, stored)
    }

    /// sums + tails += Σ ((x − mean) · perUnit)² over the values of each column that are not 0.
    public func deviations(
        _ x: UnsafePointer<Double>, rows: Int, columns: Int, means: UnsafePointer<Double>,
        perUnit: UnsafePointer<Double>, sums: UnsafeMutablePointer<Double>, tails: UnsafeMutablePointer<Double>
    ) {
        table.pointee.table_deviations(x, rows, columns, means, perUnit, sums, tails)
    }

    /// out = (x − mean) · factor, rounded to Float once; returns `norm` + Σ (out² − absent²) in Double, added in the order of
    /// the columns.
    public func scale(
        _ x: UnsafePointer<Double>, columns: Int, means: UnsafePointer<Double>, factors: UnsafePointer<Double>,
        absent: UnsafePointer<Float>, norm: Double, into out: UnsafeMutablePointer<Float>
    ) -> Double {
        table.pointee.scale_row(x, columns, means, factors, absent, norm, out)
    }
}

// MARK: - Text

extension KernelSet {
    /// How often each of two bytes occurs.
    public func count(_ first: UInt8, _ second: UInt8, in text: UnsafeBufferPointer<UInt8>) -> (Int, Int) {
        guard let base = text.baseAddress else { return (0, 0) }
        var found = (0, 0)
        withUnsafeMutableBytes(of: &found) {
            let counts = $0.bindMemory(to: Int.self)
            guard let counts = counts.baseAddress else { return }
            table.pointee.count_bytes(base, text.count, first, second, counts)
        }
        return found
    }
}

/// Says that the `count` floats at `row` will be written soon, so that they come to the cache meanwhile.
@inlinable @inline(__always)
public func willWrite(_ row: UnsafeMutablePointer<Float>, count: Int) {
    for line in stride(from: 0, to: count, by: 16) { ck_will_write(row + line) }
}
