import CKernels

/// The entries of √h (x − shift, 1 with an intercept) of sparse rows: those that are stored and those of columns that are centred,
/// in units and rounded to whole numbers where `perUnit` says what 1 is in them.
struct SparseEntries {
    private let x: SparseMatrix
    private let shift: UnsafePointer<Float>?
    private let perUnit: AlignedBuffer<Double>?
    private let hasIntercept: Bool
    /// Columns with a shift, ascending.
    private let centred: [Int32]

    init(_ x: SparseMatrix, shift: UnsafePointer<Float>?, perUnit: AlignedBuffer<Double>? = nil, hasIntercept: Bool) {
        self.x = x
        self.shift = shift
        self.perUnit = perUnit
        self.hasIntercept = hasIntercept
        centred = shift.map { shift in (0..<Int32(x.columns)).filter { shift[Int($0)] != 0 } } ?? []
    }

    /// Entries of a row in the mean, at most.
    func perRow(of runs: [SecondMoment.Run]) -> Double {
        var (stored, rows) = (0, 0)
        for run in runs where !run.rows.isEmpty {
            stored += x.rowOffsets.pointer[run.rows.upperBound] - x.rowOffsets.pointer[run.rows.lowerBound]
            rows += run.rows.count
        }
        return Double(stored) / Double(max(1, rows)) + Double(centred.count + (hasIntercept ? 1 : 0))
    }

    /// The entries of a row, columns ascending.
    @inline(__always)
    func forEach(_ row: Int, weight: Float, _ body: (_ column: Int32, _ value: Double) -> Void) {
        let factor = weight.squareRoot()
        func add(_ value: Float, _ j: Int32) {
            let scaled = Double(factor * value)
            body(j, perUnit.map { (scaled * $0.pointer[Int(j)]).rounded(.toNearestOrEven) } ?? scaled)
        }
        var next = 0
        for k in x.rowOffsets.pointer[row]..<x.rowOffsets.pointer[row + 1] {
            let j = x.columnIndices.pointer[k]
            while next < centred.count, centred[next] < j {
                add(-(shift?[Int(centred[next])] ?? 0), centred[next])
                next += 1
            }
            if next < centred.count, centred[next] == j { next += 1 }
            add(x.values.pointer[k] - (shift?[Int(j)] ?? 0), j)
        }
        for j in centred[next...] { add(-(shift?[Int(j)] ?? 0), j) }
        if hasIntercept { add(1, Int32(x.columns)) }
    }

    /// Entries of a block: they stay in the second level cache.
    private static let blockEntries = 16384

    /// sums[i, j] += Σ_r z[r, i] z[r, j] for j ≥ i over the rows of `runs`; sums is width × width.
    func add(
        _ runs: [SecondMoment.Run], to sums: UnsafeMutableBufferPointer<Double>, width: Int, _ kernels: KernelSet
    ) {
        let room = Self.blockEntries + width
        let (columns, ends) = (AlignedBuffer<Int32>(count: room), AlignedBuffer<Int32>(count: room))
        let (places, starts) = (AlignedBuffer<Int32>(count: room), AlignedBuffer<Int32>(count: width + 2))
        let z = AlignedBuffer<Double>(count: room)
        var count = 0

        func addBlock() {
            guard count > 0, let sums = sums.baseAddress else { return }
            // By columns: starts[j + 1] is where the next entry of column j goes, and becomes where the column ends.
            starts.elements.update(repeating: 0)
            for k in 0..<count { starts.pointer[Int(columns.pointer[k]) + 2] += 1 }
            for j in 2..<width + 2 { starts.pointer[j] += starts.pointer[j - 1] }
            for k in 0..<count {
                let j = Int(columns.pointer[k]) + 1
                places.pointer[Int(starts.pointer[j])] = Int32(k)
                starts.pointer[j] += 1
            }
            kernels.sparseGram(
                starts.pointer, places.pointer, ends: ends.pointer, columns: columns.pointer, z.pointer, width: width,
                into: sums)
            count = 0
        }

        for (rows, weights) in runs {
            for row in rows {
                let first = count
                forEach(row, weight: weights?[row - rows.lowerBound] ?? 1) { column, value in
                    columns.pointer[count] = column
                    z.pointer[count] = value
                    count += 1
                }
                for k in first..<count { ends.pointer[k] = Int32(count) }
                if count >= Self.blockEntries { addBlock() }
            }
        }
        addBlock()
    }
}

extension KernelSet {
    fileprivate func sparseGram(
        _ starts: UnsafePointer<Int32>, _ places: UnsafePointer<Int32>, ends: UnsafePointer<Int32>,
        columns: UnsafePointer<Int32>, _ z: UnsafePointer<Double>, width: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        table.pointee.sparse_gram(starts, width, places, ends, columns, z, sums, width)
    }
}

extension FeatureMatrix {
    /// sums[j] += Σ_i w_i (x_ij − shift_j)², each term on its column's grid.
    public func addSquares(
        weights: [Float], shift: AlignedBuffer<Float>?, grids: [SumGrid], to sums: UnsafeMutableBufferPointer<Double>
    ) {
        guard let sums = sums.baseAddress else { return }
        func add(_ value: Double, _ column: Int, _ factor: Double) {
            sums[column] += grids[column].round(factor * value * value)
        }
        switch self {
        case .dense(let x):
            for (row, weight) in weights.enumerated() {
                for column in 0..<x.columns {
                    add(Double(x.row(row)[column] - (shift?.pointer[column] ?? 0)), column, Double(weight))
                }
            }
        case .sparse(let x):
            let entries = SparseEntries(x, shift: shift.map { UnsafePointer($0.pointer) }, hasIntercept: false)
            for (row, weight) in weights.enumerated() {
                entries.forEach(row, weight: 1) { add($1, Int($0), Double(weight)) }
            }
        }
    }
}
