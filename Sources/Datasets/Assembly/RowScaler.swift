import Kernels

/// Standardises parsed rows: the only place where a value of a file becomes a Float.
///
/// Dense storage holds x′ = (x − mean) · (1 / scale), also where there was no entry; sparse storage holds x / scale of the
/// entries, and its centring stays implicit. Norms are those of the true row, in Double from the rounded values:
/// ‖x′‖² = Σ_j o_j² + Σ_entries (x′_j² − o_j²) with o what an absent entry becomes.
struct RowScaler {
    /// D. Entries beyond it are left out.
    let columns: Int
    let isDense: Bool
    /// What an absent entry becomes (dense: o, sparse: −shift, 0 where nothing is centred), padded with zeros to the
    /// stride of dense rows.
    let absent: AlignedBuffer<Float>
    /// Whether any of `absent` is not 0.
    let hasOffset: Bool
    private let absentNorm: Double
    private let subtrahend: AlignedBuffer<Double>
    private let factor: AlignedBuffer<Double>

    init(_ standardization: Standardization, storage: StorageKind, columns: Int) {
        self.columns = columns
        isDense = storage == .dense
        absent = AlignedBuffer(count: DenseMatrix.stride(columns: columns))
        subtrahend = AlignedBuffer(count: columns)
        factor = AlignedBuffer(count: columns)
        var norm = 0.0
        for column in 0..<columns {
            factor[column] = standardization.scale.isEmpty ? 1 : 1 / standardization.scale[column]
            guard !standardization.mean.isEmpty else { continue }
            if isDense { subtrahend[column] = standardization.mean[column] }
            absent[column] = Float((0 - standardization.mean[column]) * factor[column])
            norm += Double(absent[column]) * Double(absent[column])
        }
        hasOffset = !standardization.mean.isEmpty
        absentNorm = norm
    }

    /// max_i |x′_ij| of every column: scaling keeps the order of values, and its rounding too.
    func maxima(of moments: ColumnMoments) -> [Float] {
        moments.columns.map { max(abs(scaled(moments.minimum[$0], $0)), abs(scaled(moments.maximum[$0], $0))) }
    }

    /// Writes the values of `entries` one after the other; returns the row's squared norm.
    @inline(__always)
    func pack(_ view: RowBlockView, _ entries: Range<Int>, into values: UnsafeMutablePointer<Float>) -> Float {
        var norm = absentNorm
        for entry in entries {
            let column = Int(view.columns[entry])
            let value = scaled(view.values[entry], column)
            values[entry - entries.lowerBound] = value
            norm += gain(value, column)
        }
        return Float(max(norm, 0))
    }

    /// Writes a dense row with its padding; returns its squared norm.
    @inline(__always)
    func fill(_ view: RowBlockView, _ entries: Range<Int>, into row: UnsafeMutablePointer<Float>) -> Float {
        if entries.count < columns { fillAbsent(row) }
        var norm = absentNorm
        for entry in entries {
            let column = Int(view.columns[entry])
            let value = scaled(view.values[entry], column)
            row[column] = value
            norm += gain(value, column)
        }
        return Float(max(norm, 0))
    }

    /// Writes the values of a dense row, without its padding, to dense storage or to a record for it; returns its squared norm.
    @inline(__always)
    func fill(_ values: UnsafePointer<Double>, into row: UnsafeMutablePointer<Float>) -> Float {
        let norm = KernelSet.current.scale(
            values, columns: columns, means: subtrahend.pointer, factors: factor.pointer, absent: absent.pointer,
            norm: absentNorm, into: row)
        return Float(max(norm, 0))
    }

    /// Writes a row without entries, in whole vectors.
    @inline(__always)
    func fillAbsent(_ row: UnsafeMutablePointer<Float>) {
        let target = UnsafeMutableRawPointer(row).assumingMemoryBound(to: SIMD16<Float>.self)
        let source = UnsafeMutableRawPointer(absent.pointer).assumingMemoryBound(to: SIMD16<Float>.self)
        for vector in 0..<absent.count / 16 { target[vector] = source[vector] }
    }

    @inline(__always)
    private func scaled(_ value: Double, _ column: Int) -> Float {
        Float((value - subtrahend.pointer[column]) * factor.pointer[column])
    }

    /// What an entry adds to the norm of a row without it.
    @inline(__always)
    private func gain(_ value: Float, _ column: Int) -> Double {
        let value = Double(value)
        let absent = Double(absent.pointer[column])
        // Sparse: (v + o)² − o².
        return isDense ? value * value - absent * absent : value * (value + 2 * absent)
    }
}
