import BigBatch
import Datasets
import MPI
import Models

/// How often a run that a sample ended was within its tolerance: `starts` runs over the same rows, each beginning elsewhere in
/// their order, for every tolerance. Misses may be 1 in 100.
func cover<M: Model>(_ problem: Problem, _ model: M, _ dataset: Dataset, optimum: Double, _ arguments: Arguments) throws
{
    for tolerance in arguments.tolerances {
        var gaps: [Double] = []
        var reads: [Double] = []
        for start in 0..<arguments.starts {
            var settings = arguments.configuration(problem, seed: 1)
            settings.tolerance = tolerance
            settings.firstPosition = dataset.order.count / arguments.starts * start
            let trace =
                arguments.trace
                ? GapFollower(model: model, dataset: dataset, l2: problem.l2, optimum: optimum, trace: true) : nil
            let trainer = Trainer(
                model: model, dataset: dataset, communicator: SoloCommunicator(), configuration: settings)
            let result = try trainer.run(observer: trace)
            guard result.sampleTest != nil else {
                print(
                    "  from \(settings.firstPosition): \(result.stopReason), \(brief(result.featurePasses)) feature passes"
                )
                continue
            }
            let reached = objective(model, dataset, problem.l2, result.parameters)
            gaps.append((reached - optimum) / reached)
            reads.append(result.featurePasses)
        }
        let misses = gaps.count { $0 > tolerance }
        print(
            "\(problem.name) \(tolerance): \(gaps.count) of \(arguments.starts) runs ended by a sample, \(misses) missed, "
                + "worst gap \(brief((gaps.max() ?? .nan) / tolerance)) of the tolerance, median \(brief(median(gaps) / tolerance)), "
                + "feature passes \(brief(median(reads))) / \(brief(reads.max() ?? .nan))")
    }
}
