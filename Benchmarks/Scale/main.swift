// One run of a generated problem on all ranks, and what it cost: a JSON object on standard output.
//
//     [mpirun -n 4] scale-benchmark --rows 1000000 --columns 20 [--nonzeros 40] [--classes 2] [--tolerance 1e-3] [--l2 1e-4]
//
// Each rank makes its own rows; a row depends on its position alone. With --nonzeros columns are as words in texts: few
// common ones and many rare ones. One class is ridge, two are logistic, more are softmax.
import BigBatch
import Datasets
import Glibc
import MPI
import Models
import Platform

/// Of this process, all threads.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The most memory that this process has had resident so far, in bytes.
func peakBytes() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
}

let problem = ScaleProblem(CommandLine.arguments)
let environment = try MPIEnvironment.start()
let world = environment.world

func train(_ loss: some MarginLoss) throws {
    let before = peakBytes()
    let dataset = problem.dataset(DataOrder(count: problem.rows, ranks: world.size, rank: world.rank))
    let generated = peakBytes()
    var configuration = TrainerConfiguration()
    configuration.l2 = problem.l2
    configuration.tolerance = problem.tolerance
    try world.barrier()
    let start = processorSeconds()
    let trainer = Trainer(
        model: LinearModel(loss, featureCount: problem.columns), dataset: dataset, communicator: world,
        configuration: configuration)
    let result = try trainer.run()
    let used = try world.allreduce(processorSeconds() - start, .sum)
    let peaks = try world.allreduce([before, generated, peakBytes()], .maximum)
    let data = try world.allreduce(problem.bytes(of: dataset), .maximum)
    guard world.rank == 0 else { return }
    let object = JSON.object([
        ("rows", .integer(problem.rows)), ("columns", .integer(problem.columns)),
        ("nonZerosOfRow", .integer(problem.nonZeros)), ("classes", .integer(problem.classes)),
        ("ranks", .integer(world.size)), ("processorSeconds", .number(used)),
        ("dataBytesOfRank", .integer(data)), ("peakBytesOfRank", .integer(peaks[2])),
        ("startBytesOfRank", .integer(peaks[0])), ("generatedBytesOfRank", .integer(peaks[1])),
        ("allreduces", .integer(result.costs.allreduces)), ("bytesOfRank", .integer(result.costs.communicatedBytes)),
        ("gradientPasses", .number(result.costs.gradientPasses)),
        ("featurePasses", .number(result.costs.featurePasses)), ("iterations", .integer(result.iterations)),
        ("objective", .number(result.objective)), ("stopReason", .string(result.stopReason.rawValue)),
    ])
    print(object.text)
}

do {
    switch problem.classes {
    case 1: try train(SquaredError())
    case 2: try train(LogisticLoss())
    default: try train(SoftmaxLoss(classes: problem.classes))
    }
    try environment.finalize()
} catch {
    environment.abort("scale-benchmark: \(error)", code: 1)
}
