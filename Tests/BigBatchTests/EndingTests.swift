import Datasets
import Foundation
import MPI
import Models
import Platform
import TestSupport
import Testing

@testable import BigBatch

/// A table of a few rows with whatever people's tables have: columns that are constant, zero, equal, sums of others or of
/// other units; labels that are equal, separable, random or counts.
struct SmallTable: Sendable {
    let text: String
    let kind: ModelKind
    let classes: Int

    init(_ kind: ModelKind, seed: UInt64) {
        var random = SampleRandom(state: seed &* 0x9e37_79b9_7f4a_7c15 &+ 77)
        func pick(_ count: Int) -> Int { min(count - 1, Int(random.uniform() * Double(count))) }
        self.kind = kind
        classes = kind == .softmax ? 2 + pick(2) : kind.labels == .classes ? 2 : 0
        let rows = max(2, classes, pick(3) == 0 ? 2 + pick(5) : 7 + pick(30))
        let columns = 1 + pick(4)
        var values = [[Double]](repeating: [], count: rows)
        for column in 0..<columns {
            let shape = pick(8)
            let unit = [1, 1, 1, 1e-2, 30][pick(5)]
            for row in 0..<rows {
                let normal = (random.normal() * 1000).rounded() / 1000
                let value: Double =
                    switch shape {
                    case 0: 0
                    case 1: 3
                    case 2 where column > 0: values[row][0]
                    case 3 where column > 1: values[row][0] - 2 * values[row][1]
                    case 4: row == 0 ? 1 : 0
                    case 5: Double(pick(2) * 2 - 1)
                    default: normal * unit
                    }
                values[row].append(value)
            }
        }
        let style = pick(4)
        let offset = [0, 0, 5, -40][pick(4)]
        var lines = (0..<columns).map { "x\($0)" }.joined(separator: ",") + ",y\n"
        for row in 0..<rows {
            let signal = values[row].reduce(0, +)
            let label: Double =
                switch kind.labels {
                case .values:
                    switch style {
                    case 0: Double(abs(offset))
                    case 1: kind == .poisson ? Double(pick(4)) : signal + Double(offset)
                    case 2: 0
                    default:
                        kind == .poisson ? Double(pick(3) * pick(9)) : signal + random.normal() + Double(offset)
                    }
                default:
                    // The first rows hold every class.
                    switch style {
                    case _ where row < classes: Double(row)
                    case 0: 0
                    case 1: Double(signal > 0 ? classes - 1 : 0)
                    default: Double(pick(classes))
                    }
                }
            lines += (values[row] + [label]).map { "\($0)" }.joined(separator: ",") + "\n"
        }
        text = lines
    }
}

@Suite("Every run ends, and ends right")
struct EndingTests {
    struct Ending: Sendable {
        var result: TrainingResult
        var gap: Double
        var allowed: Double
        var seconds: Double
        /// Whether a constant step of 0.1, ten times that with momentum, is longer than the inverse curvature somewhere.
        var isTooLong: Bool
    }

    private func write(_ table: SmallTable) throws -> String {
        let path = NSTemporaryDirectory() + "/crescendo-ending-\(UUID().uuidString).csv"
        try Data(table.text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func load(
        _ path: String, _ table: SmallTable, _ scaling: StandardizationKind, _ world: any Communicator
    ) throws -> Dataset {
        var reading = ReadOptions()
        reading.label = "y"
        var options = AssemblyOptions()
        options.standardization = scaling
        return try DistributedTable.read([path], options: reading, communicator: world)
            .assembleTraining(labels: table.kind.labels ?? .values, options: options).training
    }

    private func run(
        _ table: SmallTable, _ configuration: TrainerConfiguration, scaling: StandardizationKind, ranks: Int
    ) throws -> Ending {
        let path = try write(table)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let ends = ThreadCommunicator.run(ranks: ranks) { world in
            let start = seconds(CLOCK_THREAD_CPUTIME_ID)
            let dataset = try load(path, table, scaling, world)
            let model = try ModelSpecification(
                kind: table.kind, featureCount: dataset.features.columns, classCount: table.classes
            ).makeModel()
            func train(_ model: some Model) throws -> TrainingResult {
                try Trainer(
                    model: model, dataset: dataset, communicator: world, configuration: configuration
                ).run()
            }
            return (try train(model), seconds(CLOCK_THREAD_CPUTIME_ID) - start)
        }
        let longest = try ends.map { try $0.get().1 }.max() ?? 0
        let all = try ends.map { try $0.get().0 }
        #expect(all.count == ranks)
        for result in all { #expect(result.parameters == all[0].parameters) }
        let reference = SlowReference(
            table.kind, try load(path, table, scaling, SoloCommunicator()), l2: configuration.l2,
            outputs: table.kind.outputCount(classCount: table.classes))
        let x = all[0].parameters.map { Double($0) }
        let optimum = reference.minimum()
        let start0 = reference.objective([Double](repeating: 0, count: x.count))
        let least = reference.least
        let scale = max(optimum - least, StopRule.leastShare * (start0 - least))
        // What Floats know of a loss: its share of the start, more where the search found its end there, and of its terms.
        let floor = all[0].stopReason == .lineSearchExhausted ? 3e-6 : 1e-7
        let rounding =
            floor * (start0 - least) + (table.kind == .poisson ? 2e-7 : 1e-8) * max(abs(start0), abs(least))
        return Ending(
            result: all[0], gap: reference.objective(x) - optimum,
            allowed: configuration.tolerance * scale + rounding, seconds: longest,
            isTooLong: (configuration.direction == .momentum ? 1 : 0.1) * reference.steepestOnTheWay(to: x) > 1)
    }

    @Test(
        "Small and degenerate tables, every loss, step rule, direction and scaling, on 1 to 3 ranks",
        arguments: ModelKind.allCases.filter { $0 != .auto })
    func smallTables(kind: ModelKind) throws {
        var number: UInt64 = 0
        for step in StepKind.allCases {
            for direction in DirectionKind.allCases {
                for scaling in StandardizationKind.allCases {
                    for ranks in 1...3 {
                        number += 1
                        let table = SmallTable(kind, seed: number)
                        var configuration = TrainerConfiguration()
                        configuration.step = step
                        configuration.direction = direction
                        configuration.l2 = [1.0 / 30, 1e-4, 0, 1][Int(number % 4)]
                        let end = try run(table, configuration, scaling: scaling, ranks: ranks)
                        let what = """
                            \(kind) \(step) \(direction) \(scaling) λ \(configuration.l2) \(ranks) ranks, number \(number): \
                            \(end.result.stopReason) after \(end.result.iterations) iterations, \(end.seconds) s, gap \
                            \(end.gap) where \(end.allowed) is allowed
                            """
                        // Seconds of the processor: a loaded machine may take its time.
                        #expect(end.result.iterations <= 1000 && end.seconds < 60, "\(what)")
                        switch end.result.stopReason {
                        case .passLimit:
                            #expect(step.isConstant || direction == .gradient, "\(what)")
                        case .divergence:
                            #expect(step.isConstant && end.isTooLong, "\(what)")
                        default:
                            #expect(end.result.stopReason.isConvergence, "\(what)")
                            #expect(end.gap <= end.allowed, "\(what)")
                        }
                    }
                }
            }
        }
    }

    @Test(
        "Networks on tables of a few rows end at finite parameters",
        arguments: [DirectionKind.momentum, .adam, .adadelta])
    func smallNetworks(direction: DirectionKind) throws {
        for number in 1...12 as ClosedRange<UInt64> {
            let kind: ModelKind = number % 2 == 0 ? .ridge : .softmax
            let table = SmallTable(kind, seed: number)
            let path = try write(table)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let ranks = Int(1 + number % 3)
            let results = ThreadCommunicator.run(ranks: ranks) { world in
                var configuration = TrainerConfiguration.nonConvex
                configuration.direction = direction
                let dataset = try load(path, table, .zscore, world)
                let model = try ModelSpecification(
                    kind: kind, featureCount: dataset.features.columns, classCount: table.classes,
                    network: NetworkDescription(name: "mlp:4")
                ).makeModel()
                func train(_ model: some Model) throws -> TrainingResult {
                    try Trainer(
                        model: model, dataset: dataset, communicator: world, configuration: configuration
                    ).run()
                }
                return try train(model)
            }
            for result in results {
                let result = try result.get()
                #expect(result.gradientPasses <= 41 && result.objective.isFinite, "\(kind) \(number)")
            }
        }
    }
}
