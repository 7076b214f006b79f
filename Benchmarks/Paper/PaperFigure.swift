import ArgumentParser
import Datasets
import MPI
import Platform
import Telemetry

/// Reproduces the paper's convex figure on COVERTYPE: `make paper CRESCENDO_DATA=DIR`, or
/// `mpirun -n 2 paper-figure --data DIR/covtype.binary.scale.libsvm.gz`.
@main
struct PaperFigure: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paper-figure",
        abstract: "Reproduce the convex figure of the Big Batch paper on COVERTYPE.",
        discussion: """
            Six methods make 50 passes each; the baselines (gradient descent, SGD, Friedlander–Schmidt) are tuned by a grid \
            on the first seed. Writes a table, a JSON document and three plots; exits with 1 when a ratio to tuned gradient \
            descent is above the paper's.
            """)

    @Option(help: "The data file in LIBSVM format, plain or gzip.")
    var data: String
    @Option(help: "The folder for the results; it must exist.")
    var output = "Benchmarks/results"
    @Option(help: "Passes of N per-sample gradients for each run.")
    var passes = 50.0
    @Option(help: "Number of seeds: orders of the rows.")
    var seeds = 5
    @Option(help: "Threads of each rank.")
    var threads = 1
    @Option(parsing: .upToNextOption, help: "Only these methods, beside gradient descent.")
    var methods = Method.allCases

    func validate() throws {
        guard seeds >= 1 else { throw ValidationError("--seeds \(seeds): give at least 1") }
        guard passes > 0 else { throw ValidationError("--passes \(passes): give a number above 0") }
        guard threads >= 1 else { throw ValidationError("--threads \(threads): give at least 1") }
    }

    func run() throws {
        let environment = try MPIEnvironment.start()
        do {
            let report = try measure(environment.world)
            if environment.world.rank == 0 {
                print(report.table)
                try report.write(to: output)
            }
            try environment.finalize()
            if !report.allPass { throw ExitCode.failure }
        } catch let error as DatasetError {
            if environment.world.rank == 0 { print("paper-figure: \(error)") }
            try environment.finalize()
            throw ExitCode.failure
        } catch let code as ExitCode {
            throw code
        } catch {
            environment.abort("paper-figure: \(error)", code: 1)
        }
    }

    private func measure(_ world: any Communicator) throws -> Report {
        let start = ContinuousClock.now
        let seeds = (1...UInt64(seeds)).map { $0 }
        var measurements: [Measurement] = []
        var fine = Tuning()
        var shape = (rows: 0, features: 0)
        for seed in seeds {
            let problem = try Problem(file: data, seed: seed, threads: threads, communicator: world)
            shape = (problem.population, problem.model.featureCount)
            if measurements.isEmpty {
                measurements = try Method.allCases.filter { $0 == .gradientDescent || methods.contains($0) }.map {
                    method in
                    let grid = method.grid
                    let tuning = grid.isEmpty ? nil : try problem.tune(method, grid: grid, passes: passes)
                    let settings = tuning?.best.settings ?? method.defaults
                    tell(world, "\(method.name): \(settings.text)", since: start)
                    return Measurement(method: method, settings: settings, tuning: tuning)
                }
                fine = try problem.tune(
                    .gradientDescent, grid: Method.fineGrid(around: measurements[0].settings), passes: passes)
            }
            for index in measurements.indices {
                let outcome = try problem.run(
                    measurements[index].method, measurements[index].settings, passes: passes,
                    withCurves: seed == seeds[0])
                measurements[index].outcomes.append(outcome)
            }
            let reference = measurements.first { $0.method == .gradientDescent }?.outcomes.last?.norm ?? .nan
            for index in measurements.indices {
                measurements[index].ratios.append((measurements[index].outcomes.last?.norm ?? .nan) / reference)
            }
            let ratios = measurements.map { NumberFormat.fixed($0.ratios.last ?? .nan, 3) }.joined(separator: " ")
            tell(world, "seed \(seed): ratios \(ratios)", since: start)
        }
        return Report(
            measurements: measurements, fine: fine, seeds: seeds, passes: passes, rows: shape.rows,
            features: shape.features,
            ranks: world.size, threads: threads, seconds: seconds(since: start))
    }

    private func tell(_ world: any Communicator, _ line: String, since start: ContinuousClock.Instant) {
        guard world.rank == 0 else { return }
        print("\(NumberFormat.duration(seconds(since: start))): \(line)")
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double {
        let components = (ContinuousClock.now - start).components
        return Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
