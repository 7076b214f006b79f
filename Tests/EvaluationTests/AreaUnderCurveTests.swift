import MPI
import TestSupport
import Testing

@testable import Evaluation

@Suite struct AreaUnderCurveTests {
    /// All pairs, one by one.
    private func reference(_ scores: [Float], _ weights: [Float]) -> Double? {
        var right = 0.0
        var all = 0.0
        for (a, u) in zip(scores, weights) where u > 0 {
            for (b, v) in zip(scores, weights) where v < 0 {
                let pair = Double(u) * Double(-v)
                all += pair
                right += pair * (a > b ? 1 : a == b ? 0.5 : 0)
            }
        }
        return all > 0 ? right / all : nil
    }

    @Test func equalsTheCountOfPairs() throws {
        var data = SampleData(seed: 11)
        for ties in [true, false] {
            let scores = (0..<300).map { _ in Float(ties ? (data.next() * 5).rounded() : data.next()) }
            let weights = scores.map { score in
                Float((data.next() + 1.01) * (Double(score) + 3 * data.next() > 0 ? 1 : -1))
            }
            let solo = SoloCommunicator()
            let exact = try AreaUnderCurve.measure(scores: scores, signedWeights: weights, communicator: solo)
            let wanted = try #require(reference(scores, weights))
            #expect(exact.bins == nil)
            #expect(abs(try #require(exact.value) - wanted) < 1e-9)
            let binned = try AreaUnderCurve.measure(
                scores: scores, signedWeights: weights, communicator: solo, largestExact: 10)
            #expect(binned.bins == 1 << 20)
            #expect(abs(try #require(binned.value) - wanted) < 1e-3)
        }
    }

    @Test func oneClassHasNone() throws {
        let area = try AreaUnderCurve.measure(
            scores: [1, 2], signedWeights: [1, 1], communicator: SoloCommunicator())
        #expect(area.value == nil)
    }

    @Test func zeroHasOneSign() throws {
        let area = try AreaUnderCurve.measure(
            scores: [0, -0.0], signedWeights: [1, -1], communicator: SoloCommunicator())
        #expect(area.value == 0.5)
    }
}
