import Datasets
import Kernels
import Models

/// Gradient passes over dense features beside the read rate of the same memory; norms left out for comparison.
func measureDense(columns: Int, megabytes: Int, _ report: inout Report) {
    let matrix = denseMatrix(columns: columns, megabytes: megabytes)
    let batch = dataset(.dense(matrix), classes: 2).all
    let bytes = matrix.rows * matrix.stride * 4
    for threads in [1, 2] {
        let logistic = Pass(LinearModel(LogisticLoss(), featureCount: columns, threads: threads), batch)
        let ridge = Pass(LinearModel(SquaredError(), featureCount: columns, threads: threads), batch)
        let huber = Pass(LinearModel(HuberLoss(), featureCount: columns, threads: threads), batch)
        let bare = DensePass(matrix, batch)
        let bodies: [() -> Void] = [
            { logistic() }, { ridge() }, { huber() }, { bare(norms: true) }, { bare(norms: false) },
        ]
        let loops = readLoops(matrix.storage.pointer, bytes: bytes, threads: threads)
        let all = times(clock(threads: threads), bodies + loops)
        let times = all.map { $0.min() ?? 0 }
        let readTime = times[bodies.count...].min() ?? 0
        for (name, time) in zip(["logistic", "ridge", "huber"], times) {
            let share = readTime / time
            let suffix = threads == 1 ? "" : " on \(threads) threads"
            print(
                "dense \(columns) \(name)\(suffix): \(rounded(Double(bytes) / time / 1e9)) GB/s, "
                    + "\(rounded(100 * share)) % of the read loop (\(rounded(Double(bytes) / readTime / 1e9)) GB/s), "
                    + "\(rounded(time / Double(matrix.rows) * 1e9)) ns a row")
            report.add("gradientPass.\(name).\(columns).threads\(threads).shareOfReadLoop", share)
        }
        if threads == 1 {
            let share = medianRatio(all[3], all[4]) - 1
            print("dense \(columns) norms: \(rounded(100 * share)) % of a pass")
            report.add("gradientPass.logistic.\(columns).shareOfNorms", share)
        }
    }
}

/// One process of several that measure at a time: passes and read loops take turns for some seconds, so that they meet
/// the others' passes and read loops alike.
func measureRank(columns: Int, megabytes: Int, _ report: inout Report) {
    let matrix = denseMatrix(columns: columns, megabytes: megabytes)
    let bytes = matrix.rows * matrix.stride * 4
    let pass = Pass(LinearModel(LogisticLoss(), featureCount: columns), dataset(.dense(matrix), classes: 2).all)
    let loop = readLoops(matrix.storage.pointer, bytes: bytes, threads: 1)[1]
    // Medians: the best of each would be the moments in which the other process rests.
    let all = times(.wall, rounds: 150, [{ pass() }, loop]).map { $0.sorted()[$0.count / 2] }
    print(
        "dense \(columns) logistic on each rank: \(rounded(Double(bytes) / all[0] / 1e9)) GB/s, "
            + "\(rounded(100 * all[1] / all[0])) % of the read loop beside the other rank")
    report.add("gradientPass.logistic.\(columns).shareOfReadLoopOfARank", all[1] / all[0])
}

/// The kernel of a gradient pass by itself, with and without squared norms.
final class DensePass {
    private let matrix: DenseMatrix
    private let batch: Batch
    private let weights: AlignedBuffer<Float>
    private let partial: AlignedBuffer<Float>
    private let gradient: AlignedBuffer<Double>

    init(_ matrix: DenseMatrix, _ batch: Batch) {
        self.matrix = matrix
        self.batch = batch
        weights = AlignedBuffer([Float](repeating: 0.01, count: matrix.stride))
        partial = AlignedBuffer(count: matrix.stride)
        gradient = AlignedBuffer(count: matrix.stride)
    }

    func callAsFunction(norms: Bool) {
        let dataset = batch.dataset
        var totals = PassTotals()
        KernelSet.current.pass(
            .logistic, matrix, 0..<matrix.rows, weights: weights.pointer, offset: 0, labels: dataset.labels.pointer,
            sampleWeights: nil, squaredNorms: norms ? UnsafePointer(dataset.squaredNorms.pointer) : nil, extra: 1,
            partial: partial.pointer, sums: gradient.pointer, totals: &totals)
        if totals.loss + totals.squaredNorms == 0 { checksum += 1 }
    }
}

/// Line search: setting up (margins and slopes), and one more trial, beside a gradient pass.
func measureLine(columns: Int, megabytes: Int, _ report: inout Report) {
    let matrix = denseMatrix(columns: columns, megabytes: megabytes)
    let batch = dataset(.dense(matrix), classes: 2).all
    let model = LinearModel(LogisticLoss(), featureCount: columns)
    let pass = Pass(model, batch)
    let x = [Float](repeating: 0.01, count: model.parameterCount)
    x.withUnsafeBufferPointer { x in
        let line = model.directionalLoss(batch, at: x, direction: x)
        let times = fastest(
            .thread,
            [
                { pass() },
                { _ = model.directionalLoss(batch, at: x, direction: x) },
                { _ = line.losses(at: [1, 0.5, 0.25, 0.125]) },
                { _ = line.losses(at: [1]) },
            ])
        let trial = (times[2] - times[3]) / 3
        print(
            "dense \(columns) line: set up \(rounded(times[1] / times[0])) passes; one more trial "
                + "\(rounded(trial / Double(matrix.rows) * 1e9)) ns a row, \(rounded(100 * trial / times[0])) % of a pass"
        )
        report.add("lineSearch.\(columns).setUpPasses", times[1] / times[0])
        report.add("lineSearch.\(columns).shareOfTrial", trial / times[0])
    }
}

func measureSoftmax(megabytes: Int, _ report: inout Report) {
    let classes = 10
    for columns in [54, 512] {
        let matrix = denseMatrix(columns: columns, megabytes: max(1, megabytes / 8))
        let batch = dataset(.dense(matrix), classes: classes).all
        let pass = Pass(LinearModel(SoftmaxLoss(classes: classes), featureCount: columns), batch)
        let rounds = 200_000
        let times = fastest(
            .thread,
            [
                { pass() }, { if multiplyAdds(rounds).isNaN { checksum += 1 } },
            ])
        let rate = 4 * Double(classes * columns * matrix.rows) / times[0] / 1e9
        let peak = Double(40 * Int(lanes) * rounds) / times[1] / 1e9
        print(
            "dense \(columns) softmax, 10 classes: \(rounded(rate)) GFLOP/s, \(rounded(100 * rate / peak)) % of the peak"
        )
        report.add("gradientPass.softmax10.\(columns).gigaflops", rate)
        report.add("gradientPass.softmax10.\(columns).shareOfPeak", rate / peak)
    }
}
