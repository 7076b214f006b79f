import CProbes
import Datasets
import Kernels
import Models
import Platform

/// Random rows with about `perRow` entries; popular columns first, as in text: the share of columns below j is
/// (j / columns)^(1/power).
func sparseMatrix(rows: Int, columns: Int, perRow: Int, power: Double) -> SparseMatrix {
    let offsets = AlignedBuffer<Int>(count: rows + 1)
    var indices: [Int32] = []
    indices.reserveCapacity(rows * perRow)
    for row in 0..<rows {
        let picked = Set(
            (0..<perRow).map { _ in
                Int32(Double(columns) * pow(Double.random(in: 0..<1, using: &generator), power))
            })
        indices.append(contentsOf: picked.sorted())
        offsets.pointer[row + 1] = indices.count
    }
    return SparseMatrix(
        rows: rows, columns: columns, rowOffsets: offsets, columnIndices: AlignedBuffer(indices),
        values: AlignedBuffer([Float](repeating: 0.1, count: indices.count)))
}

/// One margin: the pass beside the same loop in C.
func measureSparse(_ report: inout Report) {
    let columns = 47_000
    let matrix = sparseMatrix(rows: 100_000, columns: columns, perRow: 75, power: 3)
    let batch = dataset(.sparse(matrix), classes: 2).all
    let weights = [Float](repeating: 0.01, count: columns)
    var gradient = [Double](repeating: 0, count: columns)
    func twin() {
        let loss = twin_sparse_pass(
            matrix.rowOffsets.pointer, matrix.rows, matrix.columnIndices.pointer, matrix.values.pointer,
            batch.dataset.labels.pointer, weights, &gradient)
        if loss.isNaN { checksum += 1 }
    }
    for threads in [1, 2] {
        let pass = Pass(LinearModel(LogisticLoss(), featureCount: columns, threads: threads), batch)
        let times = fastest(clock(threads: threads), [{ pass() }, { twin() }])
        let nanoseconds = times.map { $0 / Double(matrix.nonZeros) * 1e9 }
        print(
            "sparse \(matrix.nonZeros / matrix.rows) non-zeros a row, \(columns) columns, 1 margin(s)"
                + (threads == 1 ? "" : " on \(threads) threads") + ": \(rounded(nanoseconds[0])) ns a non-zero, "
                + "C twin on one thread \(rounded(nanoseconds[1]))")
        report.add("gradientPass.sparse.margins1.threads\(threads).nanosecondsPerNonZero", nanoseconds[0])
        if threads == 1 {
            report.add("gradientPass.sparse.margins1.timesOfTwin", nanoseconds[0] / nanoseconds[1])
        }
    }
}

/// Many margins, the shape of wordnet's glosses.
func measureSparseClasses(_ report: inout Report) {
    let matrix = sparseMatrix(rows: 117_659, columns: 79_703, perRow: 14, power: 5)
    let batch = dataset(.sparse(matrix), classes: 45).all
    for threads in [1, 2] {
        let pass = Pass(LinearModel(SoftmaxLoss(classes: 45), featureCount: matrix.columns, threads: threads), batch)
        let start = Clock.wall.now()
        pass()
        let first = Clock.wall.now() - start
        let time = fastest(clock(threads: threads), rounds: 6, [{ pass() }])[0]
        print(
            "sparse \(matrix.nonZeros / matrix.rows) non-zeros a row, \(matrix.columns) columns, 45 margin(s)"
                + (threads == 1 ? "" : " on \(threads) threads")
                + ": \(rounded(time / Double(matrix.nonZeros) * 1e9)) ns a non-zero, \(rounded(time * 1e3)) ms a pass "
                + "(the first \(rounded(first * 1e3)))")
        report.add(
            "gradientPass.sparse.margins45.threads\(threads).nanosecondsPerNonZero",
            time / Double(matrix.nonZeros) * 1e9)
    }
}
