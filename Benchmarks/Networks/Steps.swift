import BigBatch
import Datasets
import Kernels
import MPI
import Models
import Platform
import Telemetry

/// What training steps of a network cost on batches of one size, on all ranks.
struct StepMeasurement {
    let network: MeasuredNetwork
    let threads: Int
    let seconds: Double
    let communicator: any Communicator
    /// One thread alone is timed by its processor time, so that other work on the machine is not counted.
    var clock: Clock { communicator.size * threads == 1 ? .processor : .wall }

    func measure(batch size: Int, _ dataset: Dataset) throws {
        let model = try network.model(threads: threads)
        let step = try stepTime(model, dataset, batch: size)
        let (gradient, norms, product) = gradientTimes(model, dataset.batch(start: 0, count: size))
        guard communicator.rank == 0 else { return }
        let operations = network.operationsPerSample * Double(size)
        let rate = product.operations * Double(communicator.size) / product.seconds
        var members: [(key: String, value: JSON)] = [
            ("batch", .integer(size)), ("samplesPerSecond", .number(Double(size) / step)),
            ("gradientSamplesPerSecond", .number(Double(size) / gradient)),
            ("gemmGigaflops", .number(rate / 1e9)), ("shareOfGemm", .number(operations / step / rate)),
            ("gradientShareOfGemm", .number(operations / gradient / rate)),
            ("microBatch", .integer(model.microBatch)),
        ]
        if let norms { members.append(("shareOfNorms", .number(norms / gradient))) }
        print(JSON.object(members).text)
    }

    /// Median seconds of an iteration of the trainer: gradient, norms, reduction and a step with momentum.
    private func stepTime(_ model: Network<SoftmaxLoss>, _ dataset: Dataset, batch: Int) throws -> Double {
        var configuration = TrainerConfiguration()
        configuration.step = .fixed
        configuration.stepSize = 1e-3
        configuration.direction = .momentum
        configuration.growth = .none
        configuration.preconditioner = .none
        configuration.initialBatchSize = batch
        configuration.tolerance = 0
        let watch = StepWatch(clock: clock, seconds: seconds)
        let trainer = Trainer(
            model: model, dataset: dataset, communicator: communicator, configuration: configuration)
        // A signal ends the run without a last look at all rows.
        _ = try trainer.run(observer: watch, stopRequested: { watch.isDone })
        return median(watch.times)
    }

    /// Seconds of the gradient of this rank's part, of the norms in it where they are passes of their own, and of square
    /// products beside them.
    private func gradientTimes(_ model: Network<SoftmaxLoss>, _ batch: Batch) -> (
        gradient: Double, norms: Double?, product: (seconds: Double, operations: Double)
    ) {
        let parameters = model.initialParameters(seed: 1)
        let units = AlignedBuffer<Int32>(count: model.parameterCount)
        let sizes = AlignedBuffer<Double>(count: model.stretches.count)
        var batch = batch
        batch.grids.stretches = StretchScales(count: model.stretches.count).grids(count: batch.count)
        var kept = 0.0
        func pass() {
            parameters.withUnsafeBufferPointer { x in
                kept += model.writeSums(batch, at: x, into: units.elements, sizes: sizes.elements).loss
            }
        }
        let norms = DenseNorms(widths: network.denseWidths, samples: batch.count, micro: model.microBatch, threads)
        let product = SquareProduct(size: 512, threads: threads)
        pass()
        product()
        var times: (gradient: [Double], norms: [Double], product: [Double]) = ([], [], [])
        let start = Clock.wall.now()
        repeat {
            times.gradient.append(clock.time { pass() })
            times.norms.append(clock.time { norms?() })
            times.product.append(clock.time { product() })
        } while times.gradient.count < 2 || Clock.wall.now() - start < seconds
        if kept.isNaN { complain("network-benchmark: the loss is not a number") }
        let normTime = norms == nil ? nil : median(times.norms)
        return (median(times.gradient), normTime, (median(times.product), product.operations))
    }
}

/// Times iterations. The first ones warm up.
final class StepWatch: TrainingObserver {
    private let clock: Clock
    private let seconds: Double
    private var last: Double?
    private var warmUp = 2
    private(set) var times: [Double] = []

    init(clock: Clock, seconds: Double) {
        self.clock = clock
        self.seconds = seconds
    }

    var isDone: Bool { times.count >= 2 && times.reduce(0, +) >= seconds }

    func iterationDidEnd(_ record: IterationRecord) {
        let now = clock.now()
        if let last, warmUp <= 0 { times.append(now - last) }
        warmUp -= 1
        last = now
    }
}

/// C = A B of large squares, one on each thread: the rate that a network's products are held against.
final class SquareProduct {
    private let size: Int
    private let matrices: [AlignedBuffer<Float>]

    init(size: Int, threads: Int) {
        self.size = size
        matrices = (0..<3 * threads).map { _ in
            let matrix = AlignedBuffer<Float>(count: size * size)
            for index in 0..<matrix.count { matrix[index] = Float(index % 251) / 251 }
            return matrix
        }
    }

    var operations: Double { 2 * Double(size * size * size) * Double(matrices.count / 3) }

    func callAsFunction() {
        let rows = matrices.map { FloatRows($0.pointer, stride: size) }
        concurrently(rows.count / 3) {
            Gemm.multiply(size, size, size, rows[3 * $0], rows[3 * $0 + 1], into: rows[3 * $0 + 2])
        }
    }
}

/// ‖x_i‖² and ‖δ_i‖² of every dense layer for all samples, in micro-batches: what the norms of such a network cost.
final class DenseNorms {
    private let widths: [Int]
    private let samples: Int
    private let micro: Int
    private let threads: Int
    private let values: AlignedBuffer<Float>
    private let squares: AlignedBuffer<Double>
    private let largest: AlignedBuffer<Float>

    /// Nil for networks with layers of other kinds.
    init?(widths: [Int]?, samples: Int, micro: Int, _ threads: Int) {
        guard let widths, samples > 0 else { return nil }
        self.widths = zip(widths, widths.dropFirst()).flatMap { [$0, $1] }
        self.samples = samples
        self.micro = micro
        self.threads = threads
        values = AlignedBuffer(count: threads * micro * (widths.max() ?? 0))
        squares = AlignedBuffer(count: threads * micro)
        largest = AlignedBuffer(count: threads * micro)
        for index in 0..<values.count { values[index] = Float(index % 7) }
    }

    func callAsFunction() {
        concurrently(threads) { thread in
            let own = samples * (thread + 1) / threads - samples * thread / threads
            for start in stride(from: 0, to: own, by: micro) {
                for width in widths {
                    Norms.ofRows(
                        rows: min(micro, own - start), columns: width, stride: width,
                        values.pointer + thread * values.count / threads, squares: squares.pointer + thread * micro,
                        largest: largest.pointer + thread * micro)
                }
            }
        }
    }
}

/// Images of noise: the work of a step does not depend on what is in them.
func noise(_ shape: SampleShape, count: Int, communicator: any Communicator) -> Dataset {
    let order = DataOrder(count: count, ranks: communicator.size, rank: communicator.rank)
    let matrix = DenseMatrix(rows: order.localCount, columns: shape.count)
    let labels = AlignedBuffer<Float>(count: order.localCount)
    let norms = AlignedBuffer<Float>(count: order.localCount)
    var generator = InitialRandom(seed: 7, layer: communicator.rank)
    for row in 0..<order.localCount {
        var norm: Float = 0
        for column in 0..<shape.count {
            let value = (generator.uniform(1) + 1) / 2
            matrix.row(row)[column] = value
            norm += value * value
        }
        labels[row] = Float(row % 10)
        norms[row] = norm
    }
    var dataset = Dataset(order: order, features: .dense(matrix), labels: labels, squaredNorms: norms)
    dataset.sampleShape = shape
    return dataset
}
