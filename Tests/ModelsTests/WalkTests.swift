import Datasets
import Kernels
import Testing

@testable import Models

@Suite("A line that is walked on knows what a fresh one knows") struct WalkTests {
    private func expectWalks<Loss: MarginLoss>(_ loss: Loss, _ labels: TestLabels, sparse: Bool, threads: Int) {
        let data = TestData(rows: 700, columns: 9, labels: labels, weighted: true, shifted: true)
        let model = LinearModel(loss, featureCount: 9, threads: threads)
        let dataset = data.dataset(sparse: sparse)
        let batch = Batch(dataset: dataset, first: 210..<700, second: 0..<210)
        // Other norms of the same rows: what a change of preconditioner brings.
        var other = dataset
        other.squaredNorms = AlignedBuffer(dataset.squaredNorms.elements.map { 2 * $0 })
        var random = Generator(state: 5)
        var x = (0..<model.parameterCount).map { _ in 0.2 * random.normal() }
        var d = x.map { _ in 0.2 * random.normal() }
        func line() -> (any WalkableLine)? {
            x.withUnsafeBufferPointer { x in
                d.withUnsafeBufferPointer { model.directionalLoss(batch, at: x, direction: $0) as? any WalkableLine }
            }
        }
        guard let walked = line() else {
            Issue.record("linear models have lines to walk on")
            return
        }
        for step in [0.5, -0.25, 1] {
            walked.advance(by: step)
            x = zip(x, d).map { $0 + Float(step) * $1 }
            var fromWalk = [Double](repeating: 1, count: model.sumCount)
            var fromRows = fromWalk
            x.withUnsafeBufferPointer { x in
                let known = fromWalk.withUnsafeMutableBufferPointer {
                    walked.writeSums(other, grids: .none, at: x, into: $0)
                }
                let found = fromRows.withUnsafeMutableBufferPointer {
                    model.writeSums(Batch(batch, of: other), at: x, into: $0)
                }
                #expect(abs(known.loss - found.loss) <= 1e-5 * abs(found.loss))
                #expect(abs(known.squaredNorms - found.squaredNorms) <= 1e-5 * found.squaredNorms)
            }
            let size = fromRows.map { abs($0) }.max() ?? 1
            for (value, reference) in zip(fromWalk, fromRows) { #expect(abs(value - reference) <= 1e-5 * size) }
            d = d.map { _ in 0.2 * random.normal() }
            d.withUnsafeBufferPointer { walked.turn(to: $0) }
            let steps = [0, 0.5, 2]
            let fresh = line()
            for (value, reference) in zip(walked.losses(at: steps), fresh?.losses(at: steps) ?? []) {
                #expect(abs(value - reference) <= 1e-5 * abs(reference))
            }
            let bend = fresh?.curvature() ?? 0
            #expect(abs((walked.curvature() ?? 0) - bend) <= 1e-5 * bend)
        }
    }

    @Test(arguments: [false, true], [1, 2, 3])
    func logistic(sparse: Bool, threads: Int) {
        expectWalks(LogisticLoss(), .binary, sparse: sparse, threads: threads)
    }

    @Test(arguments: [false, true], [1, 3])
    func softmax(sparse: Bool, threads: Int) {
        expectWalks(SoftmaxLoss(classes: 5), .classes(5), sparse: sparse, threads: threads)
    }

    @Test(arguments: [false, true])
    func ridge(sparse: Bool) { expectWalks(SquaredError(), .real, sparse: sparse, threads: 1) }
}
