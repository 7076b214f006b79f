import Datasets
import Foundation
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

/// A rare, centred column stands in for the intercept that the model lacks: −√p in nearly every row, so that its coefficient has
/// to become large, past the few rows that it was made for. They are separated then, e^−m each, and hold its curvature alone.
@Suite("Directions along which the loss flattens")
struct FlatteningTests {
    private static let rows = 24_000

    private func dataset(_ place: @escaping @Sendable (Int) -> Int) -> Dataset {
        let base = RankProblem(rows: Self.rows, rowAt: place).dataset()
        guard case .dense(let features) = base.features else { preconditionFailure("the problem is dense") }
        let share = Float(Self.rows / 1500) / Float(Self.rows)
        for position in 0..<base.order.count {
            let isRare = place(position) % 1500 == 7
            let before = features.row(position)[5]
            let value = ((isRare ? 1 : 0) - share) / (share * (1 - share)).squareRoot()
            features.row(position)[5] = value
            base.squaredNorms[position] += value * value - before * before
            if isRare { base.labels[position] = 0 }
        }
        return base
    }

    private func run(_ data: Dataset, tolerance: Double, certifies: Bool = false) throws -> TrainingResult {
        var configuration = TrainerConfiguration()
        configuration.l2 = 1e-6
        configuration.tolerance = tolerance
        configuration.certify = certifies
        return try Trainer(
            model: LinearModel(LogisticLoss(), featureCount: 6, hasIntercept: false), dataset: data,
            communicator: SoloCommunicator(), configuration: configuration
        ).run()
    }

    /// Outliers in one column whose labels agree with it, in units of its deviation: all others hardly see the column, whose
    /// coefficient has far to go past the outliers.
    private func outliers(_ place: @escaping @Sendable (Int) -> Int, every: Int, by factor: Float, scales: Bool)
        -> Dataset
    {
        let base = RankProblem(rows: Self.rows, rowAt: place).dataset()
        guard case .dense(let features) = base.features else { preconditionFailure("the problem is dense") }
        let before = (0..<Self.rows).map { features.row($0)[2] }
        for position in 0..<Self.rows where place(position) % every == 7 {
            features.row(position)[2] *= factor
            base.labels[position] = before[position] > 0 ? 1 : 0
        }
        let squares = (0..<Self.rows).reduce(0.0) { $0 + Double(features.row($1)[2]) * Double(features.row($1)[2]) }
        let scale = scales ? Float(1 / (squares / Double(Self.rows)).squareRoot()) : 1
        for position in 0..<Self.rows {
            features.row(position)[2] *= scale
            let value = features.row(position)[2]
            base.squaredNorms[position] += value * value - before[position] * before[position]
        }
        return base
    }

    enum Table: CaseIterable { case rareColumn, outliers, rawOutliers }

    @Test("end no run before its tolerance", arguments: Table.allCases, 0..<6)
    func holds(_ table: Table, seed: Int) throws {
        let place: @Sendable (Int) -> Int = { ($0 * 7919 + 1000 * seed) % Self.rows }
        let data =
            switch table {
            case .rareColumn: dataset(place)
            case .outliers: outliers(place, every: 1000, by: 1e4, scales: true)
            // Their values beside the others' have more bits than the products of a curvature.
            case .rawOutliers: outliers(place, every: 8000, by: 1e6, scales: false)
            }
        func objective(_ x: [Float]) -> Double {
            let model = LinearModel(LogisticLoss(), featureCount: 6, hasIntercept: false)
            return x.withUnsafeBufferPointer { model.loss(data.all, at: $0) } / Double(Self.rows)
                + 0.5e-6 * x.reduce(0) { $0 + Double($1) * Double($1) }
        }
        let least = objective(try run(data, tolerance: 1e-7, certifies: true).parameters)
        for tolerance in [1e-2, 1e-3] {
            let result = try run(data, tolerance: tolerance)
            let found = objective(result.parameters)
            #expect(result.stopReason.isConvergence)
            #expect(found - least <= tolerance * found, "\(result.stopReason) \((found - least) / found / tolerance)")
        }
    }

    @Test("A direction has flattened where less than half of its curvature is left")
    func flattened() throws {
        func preconditioner(_ curvatures: [Double]) throws -> Preconditioner {
            var matrix = [Double](repeating: 0, count: 9)
            // The same in turned coordinates: what is left is asked of all directions, not of columns.
            for (k, turned) in [[0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 1]].enumerated() {
                for i in 0..<3 { for j in 0..<3 { matrix[3 * i + j] += curvatures[k] * turned[i] * turned[j] } }
            }
            return .dense(try #require(DensePreconditioner(matrix, dimension: 3, classes: 1, hasIntercept: false)))
        }
        let here = try preconditioner([1, 1e-4, 10])
        #expect(!here.isFlattened(in: try preconditioner([0.55, 0.55e-4, 5.5])))
        #expect(here.isFlattened(in: try preconditioner([1, 0.45e-4, 20])))
        #expect(!here.isFlattened(in: here))
    }

    @Test("Far outliers that are right leave a curvature, which other rows hold")
    func curvatureBesideOutliers() throws {
        let base = RankProblem(rows: 4000).dataset()
        guard case .dense(let features) = base.features else { preconditionFailure("the problem is dense") }
        let columns = features.columns
        for position in [5, 700, 3001] {
            features.row(position)[2] = 1e6 * (base.labels[position] > 0 ? 1 : -1)
        }
        let model = LinearModel(LogisticLoss(), featureCount: columns, hasIntercept: false)
        let l2 = 1e-6
        let objective = Objective(model: model, dataset: base, l2: l2, communicator: SoloCommunicator())
        let rendezvous = Rendezvous(iteration: 1, batchSize: 1, stepSize: 1)
        try objective.prepareGrids()
        try objective.prepareEstimate(model, rendezvous: rendezvous)
        var x = [Float](repeating: 0.1, count: columns)
        x[2] = 5e-5
        let all = base.batch(start: 0, count: 4000)
        let sample = CurvatureSample(
            batches: [(all, [Float](repeating: 1, count: 4000))], mostRows: 4000, heaviest: 1, expected: 4000)
        let found = try #require(
            try objective.hessianInverse(sample, at: x, weightFloor: 0, rendezvous: rendezvous))
        func sum(_ term: (Int) -> Double) -> Double { (0..<columns).reduce(0) { $0 + term($1) } }
        var hessian = [[Double]](repeating: [Double](repeating: 0, count: columns), count: columns)
        for row in 0..<4000 {
            let values = (0..<columns).map { Double(features.row(row)[$0]) }
            let margin = sum { values[$0] * Double(x[$0]) }
            let p = 1 / (1 + exp(-margin))
            for i in 0..<columns {
                for j in 0..<columns { hessian[i][j] += p * (1 - p) * values[i] * values[j] / 4000 }
            }
        }
        for i in 0..<columns { hessian[i][i] += l2 }
        for i in 0..<columns {
            let unit = (0..<columns).map { $0 == i ? 1.0 : 0 }
            let solved = found.product(unit)
            let back = hessian.map { row in sum { row[$0] * solved[$0] } }
            #expect(zip(back, unit).allSatisfy { abs($0 - $1) < 1e-2 }, "column \(i): \(back)")
        }
    }

    @Test("Columns told apart by rows beyond Huber's bend alone, which have no curvature", arguments: 0..<3)
    func farRows(seed: Int) throws {
        let model = LinearModel(HuberLoss(delta: 2), featureCount: 7)
        let base = RankProblem(rows: Self.rows, columns: 7).dataset()
        guard case .dense(let features) = base.features else { preconditionFailure("the problem is dense") }
        for position in 0..<base.order.count {
            let place = (position &* 7919 + 1000 * seed) % 2000
            let isFar = place < 11
            let row = features.row(position)
            let others = (0..<5).reduce(Float(0)) { $0 + row[$1] * row[$1] }
            row[5] *= 20
            row[6] = row[5] + (isFar ? 1 : 0)
            base.squaredNorms[position] = others + row[5] * row[5] + row[6] * row[6]
            base.labels[position] += isFar ? (place < 5 ? -100 : 100) : 0
        }
        func run(_ tolerance: Double) throws -> [Float] {
            var configuration = TrainerConfiguration()
            configuration.l2 = 1e-8
            configuration.tolerance = tolerance
            return try Trainer(
                model: model, dataset: base, communicator: SoloCommunicator(), configuration: configuration
            ).run().parameters
        }
        func objective(_ x: [Float]) -> Double {
            x.withUnsafeBufferPointer { model.loss(base.all, at: $0) } / Double(Self.rows)
                + 0.5e-8 * x.prefix(7).reduce(0) { $0 + Double($1) * Double($1) }
        }
        // The columns' difference is worth 100 in most of these rows, and −100 in the others.
        let least = objective(try run(1e-7))
        for tolerance in [1e-2, 1e-3] {
            let found = objective(try run(tolerance))
            #expect(least < 1.2 && found - least <= tolerance * found, "\((found - least) / found / tolerance)")
        }
    }
}
