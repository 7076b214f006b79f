import CProbes
import Datasets
import Kernels
import Models
import Platform

enum Clock {
    /// Processor seconds of the calling thread.
    case thread
    /// Seconds on the wall.
    case wall

    func now() -> Double {
        seconds(self == .thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC)
    }
}

/// Seconds of `rounds` runs of each body; the bodies take turns.
func times(_ clock: Clock, rounds: Int = 30, _ bodies: [() -> Void]) -> [[Double]] {
    var times = [[Double]](repeating: [], count: bodies.count)
    for _ in 0..<rounds {
        for (index, body) in bodies.enumerated() {
            let start = clock.now()
            body()
            times[index].append(clock.now() - start)
        }
    }
    return times
}

/// Seconds of the fastest run of each body.
func fastest(_ clock: Clock, rounds: Int = 30, _ bodies: [() -> Void]) -> [Double] {
    times(clock, rounds: rounds, bodies).map { $0.min() ?? 0 }
}

/// The median of a[i] / b[i]: for small differences, which the luck of single runs would hide.
func medianRatio(_ a: [Double], _ b: [Double]) -> Double {
    let ratios = zip(a, b).map { $0 / $1 }.sorted()
    return ratios.isEmpty ? 0 : ratios[ratios.count / 2]
}

func clock(threads: Int) -> Clock { threads == 1 ? .thread : .wall }

/// Floats in a register of the instruction set in use.
var lanes: Int32 {
    switch KernelSet.current.name {
    case "avx512": 16
    case "avx2": 8
    default: 4
    }
}

nonisolated(unsafe) var checksum: UInt64 = 0

/// Plain read loops over the whole of `memory`, each thread its part: one run, or several interleaved ones.
func readLoops(_ memory: UnsafeRawPointer, bytes: Int, threads: Int) -> [() -> Void] {
    [(1, 4096), (4, 8192), (4, 65536)].map { streams, run in
        {
            let part = bytes / threads / 4096 * 4096
            let sums = AlignedBuffer<UInt64>(count: threads)
            concurrently(threads) {
                sums.pointer[$0] = probe_read(lanes, memory + $0 * part, part, Int32(streams), run)
            }
            checksum ^= sums.elements.reduce(0, ^)
        }
    }
}

/// 40 · lanes · rounds operations.
func multiplyAdds(_ rounds: Int) -> Float { probe_multiply_add(lanes, rounds) }

func measureCeilings(megabytes: Int, _ report: inout Report) {
    let memory = AlignedBuffer<UInt64>(count: megabytes << 17)
    for index in 0..<memory.count { memory.pointer[index] = UInt64(index) }
    for threads in [1, 2] {
        let times = fastest(
            clock(threads: threads), readLoops(memory.pointer, bytes: megabytes << 20, threads: threads))
        let rates = times.map { Double(megabytes << 20) / $0 / 1e9 }
        let best = rates.max() ?? 0
        print(
            "read loop, \(threads) thread(s): \(rounded(best)) GB/s "
                + "(one run \(rounded(rates[0])); checksum \(checksum % 10))")
        report.add("readGigabytesPerSecond.threads\(threads)", best)
        let rounds = 200_000
        let time = fastest(
            clock(threads: threads),
            [{ concurrently(threads) { _ in if multiplyAdds(rounds).isNaN { checksum += 1 } } }])[0]
        let operations = Double(40 * Int(lanes) * rounds * threads) / time / 1e9
        print("multiply-adds, \(threads) thread(s): \(rounded(operations)) GFLOP/s")
        report.add("peakGigaflops.threads\(threads)", operations)
    }
}

nonisolated(unsafe) var generator = SystemRandomNumberGenerator()

func dataset(_ features: FeatureMatrix, classes: Int) -> Dataset {
    let rows = features.rows
    let labels = AlignedBuffer<Float>(count: rows)
    let norms = AlignedBuffer<Float>(count: rows)
    for row in 0..<rows {
        labels.pointer[row] = Float(Int.random(in: 0..<max(2, classes), using: &generator))
        norms.pointer[row] = 1
    }
    return Dataset(
        order: DataOrder(count: rows, ranks: 1, rank: 0), features: features, labels: labels, squaredNorms: norms)
}

func denseMatrix(columns: Int, megabytes: Int) -> DenseMatrix {
    let matrix = DenseMatrix(rows: (megabytes << 18) / DenseMatrix.stride(columns: columns), columns: columns)
    for row in 0..<matrix.rows {
        for column in 0..<columns { matrix.row(row)[column] = Float((row &* 31 &+ column &* 17) & 255) / 256 - 0.5 }
    }
    return matrix
}

/// A gradient pass, again and again at the same point.
final class Pass<M: Model> {
    let model: M
    let batch: Batch
    private let parameters: [Float]
    private var gradient: [Double]

    init(_ model: M, _ batch: Batch) {
        self.model = model
        self.batch = batch
        parameters = [Float](repeating: 0.01, count: model.parameterCount)
        gradient = [Double](repeating: 0, count: model.parameterCount)
    }

    func callAsFunction() {
        parameters.withUnsafeBufferPointer { x in
            gradient.withUnsafeMutableBufferPointer { _ = model.accumulate(batch, at: x, gradient: $0) }
        }
    }
}
