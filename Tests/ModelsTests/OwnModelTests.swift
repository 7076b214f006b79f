import Datasets
import Kernels
import Models
import Testing

/// A model of the user's own: estimates the mean of the labels, with only the public interface.
private struct MeanModel: Model {
    var parameterCount: Int { 1 }
    var penalisedCount: Int { 0 }
    var outputCount: Int { 1 }

    func initialParameters(seed: UInt64) -> [Float] { [0] }

    func accumulate(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        var sums = LossSums()
        for row in batch.rows {
            let difference = Double(parameters[0] - batch.dataset.labels[row])
            sums.loss += difference * difference / 2
            sums.squaredNorms += difference * difference
            gradient[0] += difference
        }
        return sums
    }

    func loss(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> Double {
        var gradient = [0.0]
        return gradient.withUnsafeMutableBufferPointer { accumulate(batch, at: parameters, gradient: $0).loss }
    }

    func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>
    ) {
        for index in 0..<batch.count { outputs[index] = parameters[0] }
    }
}

/// A loss of the user's own in a linear model: |m − y| smoothed, √(1 + (m − y)²) − 1.
private struct PseudoHuber: ScalarLoss {
    func value(_ m: Double, _ y: Double) -> Double { (1 + (m - y) * (m - y)).squareRoot() - 1 }
    func derivative(_ m: Double, _ y: Double) -> Double { (m - y) / (1 + (m - y) * (m - y)).squareRoot() }
    func secondDerivative(_ m: Double, _ y: Double) -> Double {
        let size = (1 + (m - y) * (m - y)).squareRoot()
        return 1 / (size * size * size)
    }
}

@Suite struct OwnModelTests {
    private func dataset() -> Dataset {
        let matrix = DenseMatrix(rows: 3, columns: 1)
        for row in 0..<3 { matrix.row(row)[0] = Float(row) }
        return Dataset(
            order: DataOrder(count: 3, ranks: 1, rank: 0), features: .dense(matrix), labels: AlignedBuffer([1, 2, 6]),
            squaredNorms: AlignedBuffer([0, 1, 4]))
    }

    @Test func aModelOfOnesOwnHasALineByDefault() {
        let model = MeanModel()
        let batch = dataset().all
        [Float(1)].withUnsafeBufferPointer { x in
            let line = model.directionalLoss(batch, at: x, direction: x)
            #expect(line.losses(at: [0, 2]) == [13, 7])
            #expect(line.curvature() == nil)
        }
    }

    @Test func aLossOfOnesOwnIsALinearModel() {
        let model = LinearModel(PseudoHuber(), featureCount: 1)
        var gradient = [0.0, 0]
        let sums = [Float(2), 1].withUnsafeBufferPointer { x in
            gradient.withUnsafeMutableBufferPointer { model.accumulate(dataset().all, at: x, gradient: $0) }
        }
        // Margins 1, 3, 5 and residuals 0, 1/√2, −1/√2.
        #expect(abs(sums.loss - 2 * (2.0.squareRoot() - 1)) <= 1e-6)
        #expect(abs(gradient[0] - (0.5.squareRoot() - 2 * 0.5.squareRoot())) <= 1e-6)
        #expect(abs(gradient[1]) <= 1e-6)
        #expect(abs(sums.squaredNorms - (0.5 * 2 + 0.5 * 5)) <= 1e-6)
    }
}
