import Datasets
import Foundation
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

/// The printed gap holds, and is small, or is not printed.
@Suite("Certificates")
struct CertificateTests {
    /// Labels of `shares`, the last of them rare, and features that say something of them.
    private func table(rows: Int, shares: [Double]) throws -> String {
        var random = SampleRandom(state: 91)
        var text = "a,b,c,d,y\n"
        for row in 0..<rows {
            let place = (Double(row) * 0.618_033_988_749).truncatingRemainder(dividingBy: 1)
            var sum = 0.0
            let label = shares.firstIndex { share in
                sum += share
                return place < sum
            }
            // Every class has a row.
            let y = row < shares.count ? row : label ?? 0
            let x = (0..<4).map { random.normal() + ($0 == y % 4 ? 0.7 : 0) }
            text += x.map { "\($0)," }.joined() + "\(y)\n"
        }
        let path = NSTemporaryDirectory() + "/crescendo-certificate-\(UUID().uuidString).csv"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func train(
        _ kind: ModelKind, _ path: String, ranks: Int, classes: Int, l2: Double, tolerance: Double, seed: UInt64,
        direction: DirectionKind = .auto
    ) throws -> TrainingResult {
        let results = ThreadCommunicator.run(ranks: ranks) { world in
            var reading = ReadOptions()
            reading.label = "y"
            var options = AssemblyOptions()
            options.seed = seed
            let data = try DistributedTable.read([path], options: reading, communicator: world)
                .assembleTraining(labels: kind.labels ?? .values, options: options).training
            var configuration = TrainerConfiguration()
            configuration.l2 = l2
            configuration.tolerance = tolerance
            configuration.seed = seed
            configuration.direction = direction
            let model = try ModelSpecification(
                kind: kind, featureCount: data.features.columns, classCount: classes
            ).makeModel()
            let fixed = configuration
            func run(_ model: some Model) throws -> TrainingResult {
                try Trainer(model: model, dataset: data, communicator: world, configuration: fixed).run()
            }
            return try run(model)
        }
        let all = try results.map { try $0.get() }
        for result in all { #expect(result.parameters == all[0].parameters && result.dualityGap == all[0].dualityGap) }
        return all[0]
    }

    private static let even = [0.5, 0.3, 0.2]
    /// Down to one row in two thousand.
    private static let uneven = [0.8, 0.12, 0.05, 0.02, 0.008, 0.0015, 0.0005]

    @Test(
        arguments: [
            (ModelKind.softmax, even), (.softmax, uneven), (.logistic, [0.99, 0.01]), (.squaredHinge, [0.6, 0.4]),
            (.ridge, even), (.huber, even), (.poisson, even),
        ] as [(ModelKind, [Double])], [1, 2])
    func gapsHoldAndAreSmall(labels: (kind: ModelKind, shares: [Double]), ranks: Int) throws {
        let (kind, shares) = labels
        let rows = 1000
        let path = try table(rows: rows, shares: shares)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let classes = kind.labels == .classes ? shares.count : 0
        var printed = 0
        for l2 in [1e-4, 1 / Double(rows)] {
            let optimum = try train(
                kind, path, ranks: 1, classes: classes, l2: l2, tolerance: 1e-9, seed: 0
            ).objective
            for tolerance in [1e-2, 1e-3, 1e-6] {
                for direction in [DirectionKind.auto, .gradient] {
                    let found = try train(
                        kind, path, ranks: ranks, classes: classes, l2: l2, tolerance: tolerance, seed: 3,
                        direction: direction)
                    let what = "\(kind) λ \(l2) tolerance \(tolerance) \(direction), \(ranks) ranks"
                    #expect(found.certificatePasses <= 4, "\(what)")
                    guard let gap = found.dualityGap else { continue }
                    printed += 1
                    let scale = kind == .poisson ? max(abs(found.objective), 1) : found.objective
                    #expect(gap <= 10.0001 * tolerance * scale, "\(what): \(gap)")
                    #expect(found.objective - gap <= optimum + 1e-7 * abs(optimum), "\(what): \(gap)")
                }
            }
        }
        // Where a class has a row or two no point may be balanced well enough.
        if shares.count < Self.uneven.count { #expect(printed >= 6, "\(kind): \(printed) of 12") }
    }
}
