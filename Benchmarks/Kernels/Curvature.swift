import Kernels
import Models

/// Σ h x̂x̂ᵀ of dense rows and of sparse ones, beside a gradient pass over them, and what becomes of it: the inverse.
func measureCurvature(_ report: inout Report) {
    for (columns, perRow) in [(54, nil), (512, nil), (510, 35), (510, 80)] as [(Int, Int?)] {
        let rows = 20_000
        let features: FeatureMatrix =
            perRow.map { .sparse(sparseMatrix(rows: rows, columns: columns, perRow: $0, power: 1)) }
            ?? .dense(denseMatrix(columns: columns, megabytes: (rows * columns) >> 18))
        let grid = MomentGrid(exponents: [Int](repeating: 4, count: columns), rows: features.rows)
        var sums = SecondMoment(columns: columns, hasIntercept: false, grid: grid)
        let pass = Pass(
            LinearModel(LogisticLoss(), featureCount: columns, threads: 1), dataset(features, classes: 2).all)
        let times = fastest(.thread, rounds: 5, [{ sums.add(features, 0..<features.rows) }, { pass() }])
        let values: Double =
            switch features {
            case .dense: Double(columns)
            case .sparse(let matrix): Double(matrix.nonZeros) / Double(matrix.rows)
            }
        let products = values * values / 2
        let perProduct = times[0] / Double(features.rows) / products
        let name = perRow.map { "\($0) of \(columns)" } ?? "\(columns)"
        print(
            "curvature of \(name): \(rounded(times[0] / Double(features.rows) * 1e9)) ns a row, "
                + "\(rounded(perProduct * 1e9)) ns a product, \(rounded(times[0] / times[1])) gradient passes")
        report.add("curvature.\(name).passes", times[0] / times[1])
    }
    for n in [55, 500] {
        var matrix = [Double](repeating: 0.1, count: n * n)
        for i in 0..<n { matrix[i * n + i] = Double(n) }
        let times = fastest(
            .thread, rounds: 10,
            [
                { if Cholesky(matrix, dimension: n) == nil { checksum += 1 } },
                { if Cholesky(matrix, dimension: n)?.inverse.isEmpty != false { checksum += 1 } },
            ])
        let products = Double(n * n * n) / 6
        print(
            "factor of \(n): \(rounded(times[0] * 1e6)) µs, \(rounded(times[0] / products * 1e9)) ns a product; "
                + "with the inverse \(rounded(times[1] * 1e6)) µs")
        report.add("factor.\(n).nanosecondsPerProduct", times[0] / products * 1e9)
    }
}
