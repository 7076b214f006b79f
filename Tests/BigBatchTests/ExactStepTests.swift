import Datasets
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("Direct solution of a quadratic")
struct ExactStepTests {
    /// Rows that depend on their global position only; targets are linear in the features, with an offset and noise.
    private struct Regression: Sendable {
        var rows = 4000
        var columns = 7
        var isSparse = false
        var isWeighted = false
        var isShifted = false
        /// Makes the last column the sum of the others.
        var isSingular = false
        var scale: Float = 1
        var badRow: Int?

        func dataset(ranks: Int = 1, rank: Int = 0, asDense: Bool = false) -> Dataset {
            let order = DataOrder(count: rows, ranks: ranks, rank: rank)
            let matrix = DenseMatrix(rows: order.localCount, columns: columns)
            let labels = AlignedBuffer<Float>(count: order.localCount)
            let weights = AlignedBuffer<Float>(count: order.localCount)
            let norms = AlignedBuffer<Float>(count: order.localCount)
            let shift = AlignedBuffer<Float>((0..<columns).map { isShifted ? Float($0) * 0.1 : 0 })
            for local in 0..<order.localCount {
                let position = order.position(ofLocal: local)
                var random = SampleRandom(state: 23 &+ UInt64(position) &* 0x9e37_79b9_7f4a_7c15)
                var target = 2.0
                var sum: Float = 0
                for column in 0..<columns {
                    var value = Float(random.normal()) * (1 + Float(column % 3)) * scale
                    if isSparse, random.uniform() < 0.5 { value = 0 }
                    if isSingular, column == columns - 1 { value = sum }
                    sum += value
                    matrix.row(local)[column] = value
                    let centred = value - shift[column]
                    norms[local] += centred * centred
                    target += Double(centred / scale) * (column % 2 == 0 ? 0.5 : -0.3)
                }
                labels[local] = position == badRow ? .nan : Float(target + random.normal())
                weights[local] = isWeighted ? Float(0.5 + Double(position % 3) * 0.5) : 1
            }
            // 0.5, 1, 1.5: the mean is 1 when the rows are a multiple of three.
            return Dataset(
                order: order, features: isSparse && !asDense ? .sparse(compressed(matrix)) : .dense(matrix),
                shift: isShifted ? shift : nil, labels: labels, weights: isWeighted ? weights : nil,
                squaredNorms: norms)
        }

        /// The minimiser by the normal equations in Double and Gauss–Jordan elimination, and the objective there.
        func reference(l2: Double, hasIntercept: Bool) -> (parameters: [Double], objective: Double) {
            let data = dataset(asDense: true)
            guard case .dense(let matrix) = data.features else { return ([], .nan) }
            let n = columns + (hasIntercept ? 1 : 0)
            func row(_ index: Int) -> [Double] {
                (0..<columns).map { Double(matrix.row(index)[$0]) - Double(data.shift?[$0] ?? 0) }
                    + (hasIntercept ? [1.0] : [])
            }
            var system = [[Double]](repeating: [Double](repeating: 0, count: n + 1), count: n)
            for index in 0..<rows {
                let x = row(index)
                let weight = Double(data.weights?[index] ?? 1) / Double(rows)
                for i in 0..<n {
                    for j in 0..<n { system[i][j] += weight * x[i] * x[j] }
                    system[i][n] += weight * x[i] * Double(data.labels[index])
                }
            }
            for j in 0..<columns { system[j][j] += l2 }
            for k in 0..<n {
                let pivot = (k..<n).max { abs(system[$0][k]) < abs(system[$1][k]) } ?? k
                system.swapAt(k, pivot)
                system[k] = system[k].map { $0 / system[k][k] }
                for i in 0..<n where i != k {
                    system[i] = zip(system[i], system[k]).map { $0 - system[i][k] * $1 }
                }
            }
            let solution = system.map { $0[n] }
            var objective = l2 / 2 * solution.prefix(columns).reduce(0) { $0 + $1 * $1 }
            for index in 0..<rows {
                let margin = zip(row(index), solution).reduce(0) { $0 + $1.0 * $1.1 }
                let residual = margin - Double(data.labels[index])
                objective += Double(data.weights?[index] ?? 1) * residual * residual / 2 / Double(rows)
            }
            return (solution, objective)
        }

        /// What the run says: that of rank 0, and every rank's parameters.
        func train(
            ranks: Int = 1, hasIntercept: Bool = true, threads: Int = 1,
            _ configure: @Sendable (inout TrainerConfiguration) -> Void = { _ in }
        ) throws -> (result: TrainingResult, records: [IterationRecord], parameters: [[Float]]) {
            var configuration = TrainerConfiguration()
            configuration.l2 = 1e-3
            configuration.maxEpochs = 100
            configure(&configuration)
            let fixed = configuration
            let model = LinearModel(
                SquaredError(), featureCount: columns, hasIntercept: hasIntercept, threads: threads)
            let runs = ThreadCommunicator.run(ranks: ranks) { world in
                let trainer = Trainer(
                    model: model, dataset: dataset(ranks: world.size, rank: world.rank), communicator: world,
                    configuration: fixed)
                let recorder = RunRecorder()
                return RankRun(result: try trainer.run(observer: recorder), records: recorder.records)
            }
            let all = try runs.map { try $0.get() }
            return (all[0].result, all[0].records, all.map(\.result.parameters))
        }
    }

    @Test(
        "One read of the rows ends at the minimiser that a slow solver finds", arguments: [false, true], [false, true])
    func solves(hasIntercept: Bool, isSparse: Bool) throws {
        for isWeighted in [false, true] {
            for isShifted in [false, true] {
                var problem = Regression(isSparse: isSparse, isWeighted: isWeighted, isShifted: isShifted)
                problem.rows = 4002
                let reference = problem.reference(l2: 1e-3, hasIntercept: hasIntercept)
                let run = try problem.train(hasIntercept: hasIntercept)
                #expect(run.result.stopReason == .gradientNorm)
                #expect(abs(run.result.objective - reference.objective) <= 1e-6 * reference.objective)
                for (value, exact) in zip(run.result.parameters, reference.parameters) {
                    #expect(abs(Double(value) - exact) <= 1e-5)
                }
                // A noisy start, the step, its verification, and the last evaluation.
                #expect(run.result.gradientPasses < 4)
                #expect(run.records.last?.batchSize == problem.rows)
            }
        }
    }

    @Test("Every number of ranks and threads finds the same", arguments: [1, 2, 3, 4])
    func ranksAgree(ranks: Int) throws {
        let problem = Regression()
        let reference = problem.reference(l2: 1e-3, hasIntercept: true).parameters
        let run = try problem.train(ranks: ranks, threads: ranks == 2 ? 2 : 1)
        #expect(run.result.stopReason == .gradientNorm)
        for parameters in run.parameters {
            #expect(parameters == run.parameters[0])
            for (value, exact) in zip(parameters, reference) { #expect(abs(Double(value) - exact) <= 1e-5) }
        }
    }

    @Test("Collinear columns without a penalty still converge")
    func singular() throws {
        var problem = Regression()
        problem.isSingular = true
        let whole = problem.reference(l2: 1e-9, hasIntercept: true).objective
        let result = try problem.train { $0.l2 = 0 }.result
        #expect(result.stopReason.isConvergence)
        #expect(result.objective <= whole * (1 + 1e-5))
        let isFinite = result.parameters.allSatisfy { $0.isFinite }
        #expect(isFinite)
    }

    @Test("Where the Hessian overflows the full-batch method goes on, on all ranks")
    func overflow() throws {
        var problem = Regression()
        problem.scale = 1e19
        let run = try problem.train(ranks: 2) {
            $0.l2 = 0
            $0.maxEpochs = 30
        }
        #expect(run.parameters[0] == run.parameters[1])
        let isFinite = run.parameters[0].allSatisfy { $0.isFinite }
        #expect(isFinite)
    }

    @Test("A row that is not a number ends as it does without the direct solution")
    func notANumber() throws {
        var problem = Regression()
        problem.badRow = 1234
        let result = try problem.train { $0.maxIterations = 60 }.result
        #expect(result.nonFinite > 0)
        let isFinite = result.parameters.allSatisfy { $0.isFinite }
        #expect(isFinite)
    }

    @Test("A tolerance beyond rounding, or none, still comes to an end", arguments: [0, 1e-15])
    func tightTolerance(tolerance: Double) throws {
        let problem = Regression()
        let reference = problem.reference(l2: 1e-3, hasIntercept: true).objective
        let result = try problem.train {
            $0.tolerance = tolerance
            $0.maxEpochs = 40
        }.result
        #expect(abs(result.objective - reference) <= 1e-7 * reference)
    }

    @Test("A step, direction or growth that was asked for keeps the method, and budgets hold")
    func explicitChoices() throws {
        let problem = Regression()
        let direct = try problem.train { $0.tolerance = 1e-10 }.result
        let armijo = try problem.train {
            $0.tolerance = 1e-10
            $0.step = .armijo
        }.result
        #expect(direct.iterations != armijo.iterations)
        let searched = try problem.train { $0.direction = .gradient }
        #expect(searched.records.filter { $0.batchSize == problem.rows }.contains { $0.trials > 0 })
        let short = try problem.train { $0.maxEpochs = 0.1 }.result
        #expect(short.stopReason == .passLimit)
        #expect(short.gradientPasses < 1.5)
    }

    @Test("The work decides: few features, many stored values, or few rows")
    func cost() {
        func isWorthwhile(_ dimension: Int, _ storedValues: Double? = nil, centred: Int = 0, rows: Int) -> Bool {
            HessianCost(dimension: dimension, storedValues: storedValues, centredColumns: centred, rows: rows)
                .isWorthwhile
        }
        #expect(isWorthwhile(54, rows: 1_000_000))
        #expect(isWorthwhile(201, rows: 1_000_000))
        #expect(!isWorthwhile(1001, rows: 1_000_000))
        #expect(!isWorthwhile(5001, rows: 100))
        // Of sparse rows only what is stored counts, and what is centred.
        #expect(isWorthwhile(187, 21, rows: 1_000_000))
        #expect(isWorthwhile(1001, 50, rows: 1_000_000))
        #expect(!isWorthwhile(1001, 21, centred: 300, rows: 1_000_000))
        #expect(isWorthwhile(1001, 80, rows: 1000) == isWorthwhile(1001, rows: 1000))
        #expect(!isWorthwhile(50_000, 10, rows: 10_000_000))
    }

    @Test("Less accuracy never takes longer", arguments: [1e-1, 1e-2, 1e-3, 1e-5])
    func tolerances(tolerance: Double) throws {
        for isSparse in [false, true] {
            let problem = Regression(rows: 900, columns: 60, isSparse: isSparse)
            let exact = try problem.train { $0.tolerance = 1e-7 }
            let run = try problem.train { $0.tolerance = tolerance }
            #expect(run.result.gradientPasses <= exact.result.gradientPasses)
            let optimum = problem.reference(l2: 1e-3, hasIntercept: true).objective
            #expect(run.result.objective <= optimum * (1 + min(tolerance, 1e-3) + 1e-6))
        }
    }
}
