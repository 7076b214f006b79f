import Datasets
import Kernels
import Models

/// A model with its parameters, ready to predict.
package struct TrainedModel {
    package let specification: ModelSpecification
    /// In the space trained in.
    package let parameters: [Float]
    package let model: any Model
    /// What its outputs stand for.
    package let labels: LabelScale

    package init(_ specification: ModelSpecification, parameters: [Float], labels: LabelEncoding, threads: Int) throws {
        self.labels = labels.scale
        self.specification = specification
        self.parameters = parameters
        self.threads = threads
        model = try specification.makeModel(threads: threads, labelScale: labels.scale.scale)
    }

    private let threads: Int

    /// The same parameters with the margin as output, for kinds of one output.
    package var margins: any Model {
        LinearModel(
            SquaredHinge(), featureCount: specification.featureCount, hasIntercept: specification.hasIntercept,
            threads: threads)
    }

    /// The loss of a row is −log of the probability of its class.
    package var hasProbabilities: Bool { specification.kind == .logistic || specification.kind == .softmax }
}

/// Calls `body` with every local row (of `rows`) and its outputs, in order; predicts in blocks.
/// - Parameter grid: where the loss of the rows is wanted too.
/// - Returns: Σ ω f on `grid`; 0 without one.
@discardableResult
package func forEachPrediction<M: Model>(
    _ model: M, _ parameters: [Float], _ dataset: Dataset, _ rows: Range<Int>? = nil, lossOn grid: SumGrid? = nil,
    _ body: (Int, UnsafeBufferPointer<Float>) throws -> Void
) rethrows -> Double {
    var loss = 0.0
    let rows = rows ?? 0..<dataset.order.localCount
    let block = 1024
    let width = model.outputCount
    var outputs = [Float](repeating: 0, count: block * width)
    try parameters.withUnsafeBufferPointer { parameters in
        try outputs.withUnsafeMutableBufferPointer { outputs in
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
                let end = min(start + block, rows.upperBound)
                let batch = Batch(dataset: dataset, first: start..<end)
                if let grid {
                    loss += model.predict(batch, at: parameters, into: outputs, lossOn: grid)
                } else {
                    model.predict(batch, at: parameters, into: outputs)
                }
                for row in start..<end {
                    let place = (row - start) * width
                    try body(row, UnsafeBufferPointer(rebasing: outputs[place..<place + width]))
                }
            }
        }
    }
    return loss
}
