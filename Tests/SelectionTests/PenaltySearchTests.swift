import BigBatch
import Datasets
import Foundation
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import Selection

func power(_ x: Double) -> Double { exp(x) }
func logarithm(_ x: Double) -> Double { log(x) }

@Suite("λ by cross-validation")
struct PenaltySearchTests {
    private enum Kind: CaseIterable {
        case dense, sparse, weighted, number

        var table: FoldTable {
            switch self {
            case .dense: FoldTable()
            case .sparse: FoldTable(rows: 150, columns: 6, isSparse: true)
            case .weighted: FoldTable(rows: 132, isWeighted: true)
            case .number: FoldTable(rows: 90, isNumber: true)
            }
        }
    }

    private func search(
        _ table: FoldTable, on world: any Communicator = SoloCommunicator(), folds: Int = 4, grid: [Double]? = nil,
        tolerance: Double = 1e-6, rule: PenaltyCurve.Rule = .best, trainedRows: Int? = nil,
        stopAfter: Int = .max, store: Kept? = nil
    ) throws -> PenaltyCurve? {
        var configuration = TrainerConfiguration()
        configuration.tolerance = tolerance
        let polls = Polls(limit: stopAfter)
        func run(_ model: some RowLossModel) throws -> PenaltyCurve? {
            try PenaltySearch(
                model, on: table.dataset(world), folds: folds, isForClasses: !table.isNumber,
                grid: grid.map { PenaltyGrid($0) }, rule: rule,
                configuration: configuration, communicator: world
            ).run(store: store, stopRequested: { polls.next() })
        }
        return table.isNumber
            ? try run(LinearModel(SquaredError(), featureCount: table.columns))
            : try run(LinearModel(LogisticLoss(), featureCount: table.columns))
    }

    private func values(_ buffer: AlignedBuffer<Float>) -> [Float] {
        withExtendedLifetime(buffer) { Array(buffer.elements) }
    }

    private final class Kept: PenaltyFitStore {
        private(set) var kept: [Double: PenaltyFits] = [:]
        private(set) var found = 0
        func fits(at l2: Double) -> PenaltyFits? {
            found += kept[l2] == nil ? 0 : 1
            return kept[l2]
        }
        func keep(_ fits: PenaltyFits, at l2: Double) { kept[l2] = fits }
    }

    private final class Polls {
        private var left: Int
        init(limit: Int) { left = limit }
        func next() -> Bool {
            left -= 1
            return left < 0
        }
    }

    @Test("Held-out losses are those of models trained without the rows", arguments: Kind.allCases)
    private func reference(_ kind: Kind) throws {
        let table = kind.table
        let curve = try #require(try search(table, grid: [1, 0.1, 0.01, 1e-3]))
        let folds = try Folds(
            table.dataset(), count: 4, isForClasses: !table.isNumber, communicator: SoloCommunicator())
        let held = (0..<4).map { folds.positions($0).flatMap { Array($0) } }
        #expect(curve.points.map(\.l2) == [1, 0.1, 0.01, 1e-3])
        let losses = curve.points.map { table.heldOutLoss(folds: held, l2: $0.l2) }
        for (point, loss) in zip(curve.points, losses) {
            #expect(abs(point.loss - loss) < 1e-4 * loss, "λ = \(point.l2): \(point.loss), should be \(loss)")
        }
        let least = try #require(losses.min())
        #expect(losses[curve.best] < least + 2e-4 * least)
        #expect(curve.points[curve.best].excess == 0 && curve.points[curve.best].excessError == 0)
    }

    @Test("Folds hold every row once, and leave the mean weight as it was", arguments: Kind.allCases)
    private func folds(_ kind: Kind) throws {
        let table = kind.table
        let folds = try Folds(
            table.dataset(), count: 7, isForClasses: !table.isNumber, communicator: SoloCommunicator())
        #expect((0..<7).flatMap { folds.positions($0).flatMap { Array($0) } }.sorted() == Array(0..<table.rows))
        let total = (0..<table.rows).reduce(0) { $0 + table.row($1).weight }
        #expect(abs(folds.totalWeight - total) < 1e-9)
        for fold in 0..<7 {
            let weights = values(try #require(folds.training(without: fold).weights))
            let held = Set(folds.positions(fold).flatMap { Array($0) })
            #expect((0..<table.rows).allSatisfy { (weights[$0] == 0) == held.contains($0) })
            #expect(abs(weights.reduce(0) { $0 + Double($1) } - total) < 1e-4)
        }
    }

    @Test("Every fold has its share of each class")
    func classes() throws {
        let table = FoldTable(rows: 61)
        let folds = try Folds(table.dataset(), count: 6, isForClasses: true, communicator: SoloCommunicator())
        for label in [0.0, 1] {
            let counts = (0..<6).map { folds.positions($0).joined().count { table.row($0).y == label } }
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        }
        #expect(Set((0..<6).map { folds.positions($0).joined().count }).isSubset(of: [10, 11]))
    }

    @Test("No more folds than rows; one row, and one row of a class, are refused")
    func fewRows() throws {
        let world = SoloCommunicator()
        #expect(try Folds(FoldTable(rows: 3, isNumber: true).dataset(), count: 5, communicator: world).count == 3)
        #expect(throws: DatasetError.self) { try Folds(FoldTable(rows: 1).dataset(), count: 5, communicator: world) }
        let labels = AlignedBuffer<Float>([0, 0, 0, 0, 1])
        let rows = FoldTable(rows: 5).dataset()
        let lonely = Dataset(
            order: rows.order, features: rows.features, labels: labels, squaredNorms: rows.squaredNorms)
        #expect(throws: DatasetError.self) { try Folds(lonely, count: 2, isForClasses: true, communicator: world) }
    }

    @Test("Fits that come to nothing are no choice, and what is beyond a Float's reach is not tried")
    func divergence() throws {
        let curve = try #require(try search(FoldTable(rows: 60, isNumber: true), grid: [1e38, 1, 0.1]))
        #expect(curve.l2 <= 1 && curve.points.allSatisfy { $0.l2 == curve.l2 || $0.excess >= 0 })
    }

    @Test("Labels that no column tells of: the search upwards ends where nothing is gained")
    func noSignal() throws {
        let table = FoldTable(rows: 40, columns: 2)
        let rows = table.dataset()
        let labels = AlignedBuffer<Float>((0..<40).map { Float($0 % 2) })
        let noise = Dataset(
            order: rows.order, features: rows.features, labels: labels, squaredNorms: rows.squaredNorms)
        let curve = try #require(
            try PenaltySearch(
                LinearModel(LogisticLoss(), featureCount: 2), on: noise, folds: 5, isForClasses: true, grid: nil,
                rule: .best,
                configuration: TrainerConfiguration(), communicator: SoloCommunicator()
            ).run())
        #expect(curve.points[0].l2 <= 1e5 && curve.points.count < 25)
    }

    @Test("Rows behind those that are trained on are judged too, each by one fold")
    func firstRows() throws {
        let table = FoldTable(rows: 40_000, columns: 3)
        let folds = try Folds(table.dataset(), count: 5, trainedRows: 20_001, communicator: SoloCommunicator())
        #expect(folds.trainedRows == 20_016)
        let positions = (0..<5).flatMap { folds.positions($0) }
        #expect(positions.flatMap { Array($0) }.sorted() == Array(0..<40_000))
        #expect(positions.allSatisfy { $0.lowerBound % 16 == 0 })
        #expect(folds.training(without: 2).order.count == 20_016)
        let weights = values(try #require(folds.training(without: 2).weights))
        #expect(weights.count { $0 == 0 } == folds.positions(2)[0].count)
    }

    @Test("The same bits at any number of ranks", arguments: Kind.allCases)
    private func ranks(_ kind: Kind) throws {
        let alone = try #require(try search(kind.table, tolerance: 1e-3))
        for ranks in 2...4 {
            let table = kind.table
            for curve in ThreadCommunicator.run(ranks: ranks, { try self.search(table, on: $0, tolerance: 1e-3) }) {
                #expect(try curve.get() == alone)
            }
        }
    }

    @Test("The same bits at any number of ranks where only some rows are trained on", arguments: [false, true])
    func ranksOnFirstRows(isSparse: Bool) throws {
        let table = FoldTable(rows: 30_000, columns: 3, isSparse: isSparse)
        let alone = try #require(try search(table, tolerance: 1e-3))
        #expect(alone.trainedRows < 10_000)
        for ranks in [2, 3] {
            for curve in ThreadCommunicator.run(ranks: ranks, { try self.search(table, on: $0, tolerance: 1e-3) }) {
                #expect(try curve.get() == alone)
            }
        }
        // So many rows are enough for the tolerance.
        let all = try #require(try search(table, grid: alone.points.map(\.l2), tolerance: 1e-4))
        #expect(all.trainedRows == 30_000)
        let least = all.points[all.best].loss
        #expect(all.points[try #require(all.points.firstIndex { $0.l2 == alone.l2 })].loss < least * (1 + 1e-3))
    }

    @Test("The own grid finds what a fine one finds")
    func ownGrid() throws {
        let table = FoldTable(rows: 60, columns: 20)
        let own = try #require(try search(table, tolerance: 1e-4))
        let fine = (0..<40).map { exp(Double($0) * -0.3 + 2) }
        let all = try #require(try search(table, grid: fine, tolerance: 1e-4))
        let (found, best) = (own.points[own.chosen], all.points[all.best])
        #expect(found.loss < best.loss + 0.3 * best.standardError && own.points.count < 15)
        #expect(all.end == .rising && own.points.count < all.points.count)
    }

    @Test("One standard error takes no smaller λ than the best")
    func oneStandardError() throws {
        let table = FoldTable(rows: 50, columns: 30)
        let one = try #require(try search(table, rule: .oneStandardError))
        let best = try #require(try search(table))
        #expect(one.l2 >= best.l2)
        #expect(
            one.points[one.chosen].loss <= best.points[best.best].loss + best.points[best.best].standardError + 1e-12)
    }

    @Test("A stop that was asked for ends it without a choice, on all ranks")
    func stops() throws {
        #expect(try search(FoldTable(), stopAfter: 30) == nil)
        let table = FoldTable()
        let found = ThreadCommunicator.run(ranks: 3) { world in
            try self.search(table, on: world, stopAfter: world.rank == 1 ? 30 : .max) == nil
        }
        for isStopped in found { #expect(try isStopped.get()) }
    }

    @Test("A search that was cut goes on where it was, to the same curve", arguments: Kind.allCases)
    private func goesOn(_ kind: Kind) throws {
        let whole = try #require(try search(kind.table))
        let store = Kept()
        #expect(try search(kind.table, stopAfter: 120, store: store) == nil)
        let before = store.kept.count
        #expect(before > 0 && before < whole.points.count)
        #expect(try search(kind.table, store: store) == whole)
        #expect(store.found == before && store.kept.count == whole.points.count)
    }
}
