import Datasets
import Kernels

/// Local rows drawn at random for an estimate over many more, each with the inverse of its chance.
struct RowSample {
    var rows: [Int] = []
    /// 1/π.
    var weights: [Float] = []

    /// 1/π of a row that only its place brings into a sample.
    /// - Parameter least: its chance, in those of a row in the mean.
    static func largestWeight(window: Int, expected: Int, least: Double) -> Double {
        expected < window ? max(1, Double(window) / (least * Double(max(1, expected)))) : 1
    }
}

/// How much each row can move a curvature or a gradient: ω ‖x̂‖², x̂ the features in units of their root mean squares. A row
/// that alone holds a rare category has a large one. Its mean over all rows is the number of columns that vary, about.
struct RowLeverages {
    let values: AlignedBuffer<Float>
    let mean: Double

    /// - Parameter columnSquares: mean of x_j² over all rows.
    init(_ dataset: Dataset, columnSquares: ArraySlice<Double>) {
        mean = max(1, Double(columnSquares.count { $0 > 0 }))
        // Standardised: the norms are there.
        if columnSquares.allSatisfy({ $0 == 0 || $0 == 1 }), dataset.weights == nil {
            values = dataset.squaredNorms
            return
        }
        let rows = dataset.order.localCount
        values = AlignedBuffer(count: rows)
        let inverse = AlignedBuffer<Float>(columnSquares.map { $0 > 0 ? Float(1 / $0) : 0 })
        dataset.features.squaredNorms(
            0..<rows, diagonal: inverse.pointer, shift: dataset.shift.map { UnsafePointer($0.pointer) },
            into: values.pointer)
        if let weights = dataset.weights {
            for row in 0..<rows { values.pointer[row] *= weights.pointer[row] }
        }
    }
}
