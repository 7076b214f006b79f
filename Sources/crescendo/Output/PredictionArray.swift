import Datasets
import Models

/// Predictions as a NumPy array of two dimensions, a row for each: what are numbers in CSV, in the same order.
///
/// Float32, as models have them, for probabilities and margins; Float64 for values, in the unit of the labels.
struct PredictionArray: PredictionForm {
    private let prediction: Prediction
    private let labels: PredictedRows.Labels?
    private let columns: Int
    private let element: NPYHead.Element

    init(_ prediction: Prediction, _ rows: PredictedRows) {
        self.prediction = prediction
        labels = rows.labels
        switch prediction.specification.kind {
        case .logistic: (columns, element) = (2, .float32)
        case .softmax: (columns, element) = (prediction.specification.outputCount, .float32)
        case .squaredHinge: (columns, element) = (1, .float32)
        case .ridge, .huber, .poisson, .auto: (columns, element) = (rows.labels == nil ? 1 : 3, .float64)
        }
    }

    func head(rows: Int) -> [UInt8] { NPYHead.bytes(element, rows: rows, columns: columns) }

    func size(ofRow row: Int) -> Int { columns * (element == .float32 ? 4 : 8) }

    func write(_ row: Int, _ outputs: UnsafeBufferPointer<Float>, to place: UnsafeMutablePointer<UInt8>) -> Int {
        let start = UnsafeMutableRawPointer(place)
        var end = start
        if element == .float32 {
            if prediction.specification.kind == .logistic { PredictionArray.store((1 - outputs[0]).bitPattern, &end) }
            for output in outputs { PredictionArray.store(output.bitPattern, &end) }
        } else {
            PredictionArray.store(prediction.value(outputs[0]).bitPattern, &end)
            if let labels {
                let actual = labels.number(row)
                PredictionArray.store(actual.bitPattern, &end)
                PredictionArray.store(prediction.residual(actual, outputs[0]).bitPattern, &end)
            }
        }
        return end - start
    }

    @inline(__always)
    private static func store<Bits: FixedWidthInteger & BitwiseCopyable>(
        _ bits: Bits, _ end: inout UnsafeMutableRawPointer
    ) {
        end.storeBytes(of: bits.littleEndian, as: Bits.self)
        end += MemoryLayout<Bits>.size
    }
}
