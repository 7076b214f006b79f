import Testing

@testable import BigBatch

/// Means over every sample that could be drawn of small problems.
@Suite("Stratified samples")
struct SampleStatisticsTests {
    private static let gradients: [[[Double]]] = [
        [[1, 0], [2, -1], [0, 3], [-1, 1]], [[10, 4], [-8, 2], [3, 3]], [[40, -7]],
    ]
    private var sizes: [Int] { Self.gradients.map(\.count) }

    private func total(_ rows: [[Double]]) -> StratumSums {
        guard !rows.isEmpty else { return StratumSums() }
        return StratumSums(
            count: rows.count, loss: rows.reduce(0) { $0 + $1[0] },
            gradient: (0..<2).map { j in rows.reduce(0) { $0 + $1[j] } })
    }

    private func view(used: [[Int]], fresh: [[Int]]) -> SampleView {
        let sums = SampleSums(
            used: used.enumerated().map { h, rows in total(rows.map { Self.gradients[h][$0] }) },
            fresh: fresh.enumerated().map { h, rows in
                (0..<SampleSegment.blocks).map { block in
                    total(rows.enumerated().filter { $0.offset == block }.map { Self.gradients[h][$0.element] })
                }
            })
        return SampleView(sums, sizes: sizes, penalty: (0.25, [0.5]), parameterCount: 2)
    }

    /// All choices of `count` of the rows, in every order: the block that a row is in is chance too.
    private func choices(_ rows: [Int], _ count: Int) -> [[Int]] {
        if count == 0 { return [[]] }
        return rows.flatMap { row in choices(rows.filter { $0 != row }, count - 1).map { [row] + $0 } }
    }

    private var whole: [Double] {
        let all = Self.gradients.flatMap { $0 }
        return (0..<2).map { j in all.reduce(0) { $0 + $1[j] } / Double(all.count) + (j == 0 ? 0.5 : 0) }
    }

    @Test(
        "Their gradient has the mean of all rows, and no more noise than they say, growth included", arguments: [0, 1])
    func unbiased(used: Int) {
        // Rows used before, from every stratum but the last, which is in every sample.
        let before = [Array(0..<used), Array(0..<used), used > 0 ? [0] : []]
        let open = zip(sizes, before).map { Array($1.count..<$0) }
        var views: [SampleView] = []
        for first in choices(open[0], 2) {
            for second in choices(open[1], 2) {
                views.append(view(used: before, fresh: [first, second, open[2]]))
            }
        }
        let count = Double(views.count)
        for j in 0..<2 {
            let mean = views.reduce(0) { $0 + $1.unbiased[j] } / count
            #expect(abs(mean - whole[j]) < 1e-12)
            let variance = views.reduce(0) { $0 + ($1.unbiased[j] - whole[j]) * ($1.unbiased[j] - whole[j]) } / count
            let told = views.reduce(0) { $0 + $1.deviations.reduce(0) { $0 + $1[j] * $1[j] } } / count
            #expect(abs(told - variance) < 1e-12 * max(1, variance))
        }
        if used == 0 {
            for view in views { #expect(zip(view.gradient, view.unbiased).allSatisfy { abs($0 - $1) < 1e-12 }) }
        }
    }

    @Test("All rows are the objective itself, with no noise")
    func allRows() {
        let all = sizes.map { Array(0..<$0) }
        let view = view(used: [[0], [0], [0]], fresh: all.map { Array($0.dropFirst()) })
        for j in 0..<2 {
            #expect(abs(view.gradient[j] - whole[j]) < 1e-12)
            #expect(abs(view.unbiased[j] - whole[j]) < 1e-12)
        }
        #expect(view.deviations.allSatisfy { $0 == [0, 0] })
        #expect(view.rows == 8 && view.freshRows == 5)
    }

    @Test("A stratum that no row is seen of makes a sample useless")
    func missingStratum() {
        #expect(view(used: [[0], [], []], fresh: [[1, 2], [0, 1], []]).isBroken)
        #expect(!view(used: [[0], [], []], fresh: [[1, 2], [0, 1], [0]]).isBroken)
    }

    @Test("A stratum with rows unseen and none new is told")
    func noNewRows() {
        #expect(view(used: [[0, 1], [0], [0]], fresh: [[], [1], []]).lacksNewRows)
        #expect(!view(used: [[0, 1], [0], [0]], fresh: [[2], [1], []]).lacksNewRows)
    }

    @Test("Rows of one block only count as noise in full")
    func oneBlock() {
        let sums = SampleSums(
            used: sizes.map { _ in StratumSums() },
            fresh: (0..<3).map { h in
                (0..<SampleSegment.blocks).map { $0 == 0 ? total([Self.gradients[h][0]]) : StratumSums() }
            })
        let view = SampleView(sums, sizes: sizes, penalty: (0, []), parameterCount: 2)
        #expect(!view.isBroken && view.deviations[0].contains { $0 != 0 })
    }

    @Test("Windows grow with the sample, hold rare strata whole and all rows in the end")
    func windows() {
        let strata = RowStrata(
            chances: .init(count: 0), sizes: [90_000, 9_000, 900, 90, 0, 3], shares: [0.6, 0.2, 0.1, 0.06, 0, 0.04])
        var before = [Int](repeating: 0, count: RowStrata.count)
        for n in [100, 1000, 5000, 40_000, 99_993] {
            let windows = strata.windows(rows: n)
            for (h, window) in windows.enumerated() {
                #expect(window >= before[h] && window <= strata.population)
                let rows = Double(window) * Double(strata.sizes[h]) / Double(strata.population)
                let wanted = Double(n) * strata.shares[h]
                #expect(rows >= min(0.9 * Double(strata.sizes[h]), max(16, wanted)) - 1)
            }
            #expect(windows[5] == strata.population)
            // Each growth brings new rows, though the sample itself asks for none.
            for (h, window) in strata.windows(rows: n, growths: 1).enumerated() where window < strata.population {
                #expect(
                    (window - windows[h]) * strata.sizes[h] >= 0 && window * strata.sizes[h] >= 31 * strata.population)
            }
            before = windows
        }
        #expect(strata.windows(rows: 1_000_000).allSatisfy { $0 == strata.population })
    }

    @Test("Strata are powers of four")
    func strata() {
        let found = [0.34, 0.5, 1.99, 2, 7.99, 8, 31.9, 32, 127, 128, 511, 512, 1e9].map { RowStrata.stratum($0) }
        #expect(found == [0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    }

    @Test("Runs of a stratum are its rows, whichever is the largest")
    func runs() {
        let chances: [Float] = [1, 1, 9, 1, 3, 3, 1, 9, 9, 1]
        let strata = RowStrata(chances: .init(chances), sizes: [5, 2, 3, 0, 0, 0], shares: [0.5, 0.2, 0.3, 0, 0, 0])
        for h in 0..<RowStrata.count {
            for range in [0..<10, 2..<8, 3..<3, 7..<10] {
                var runs: [Range<Int>] = []
                strata.runs(ofStratum: h, in: range, into: &runs)
                #expect(runs.flatMap { Array($0) } == range.filter { RowStrata.stratum(Double(chances[$0])) == h })
            }
        }
    }
}

@Suite("Test of a gap")
struct GapTestTests {
    /// A view of a quadratic ½‖x‖² in D dimensions at gap δ, from m rows with unit noise.
    private func view(dimension: Int, rows: Int, gap: Double, seed: UInt64) -> SampleView {
        var random = SampleRandom(state: seed)
        var view = SampleView.none
        view.rows = rows
        view.freshRows = rows
        let blocks = SampleSegment.blocks
        let sd = (Double(blocks) / Double(rows)).squareRoot()
        let noise = (0..<blocks).map { _ in (0..<dimension).map { _ in random.normal() * sd } }
        let mean = (0..<dimension).map { j in noise.reduce(0) { $0 + $1[j] } / Double(blocks) }
        view.unbiased = (0..<dimension).map { (2 * gap / Double(dimension)).squareRoot() + mean[$0] }
        let scale = 1 / Double(blocks) / (1 - 1 / Double(blocks)).squareRoot()
        view.deviations = noise.map { block in zip(block, mean).map { ($0 - $1) * scale } }
        view.gradient = view.unbiased
        return view
    }

    @Test("At a gap of the tolerance at most one look in a hundred says it is smaller", arguments: [5, 50])
    func level(dimension: Int) {
        let (rows, delta, trials) = (4000, 0.01, 1500)
        var passed = 0
        var noise = 0.0
        var gaps = 0.0
        for trial in 0..<trials {
            let test = GapTest(view(dimension: dimension, rows: rows, gap: delta, seed: UInt64(trial) &* 7919)) { $0 }
            noise += test.noise / Double(trials)
            gaps += test.gap / Double(trials)
            if test.bound(against: delta, look: 0) != nil { passed += 1 }
        }
        #expect(passed <= 15)
        #expect(abs(noise / (Double(dimension) / Double(rows)) - 1) < 0.03)
        #expect(abs(gaps / delta - 1) < 0.03)
    }

    @Test("At the minimiser nearly all say so, where there are rows enough, and none where there are few")
    func power() {
        var (passed, blind) = (0, 0)
        for trial in 0..<300 {
            let many = GapTest(view(dimension: 20, rows: 20_000, gap: 0, seed: UInt64(trial) &+ 99)) { $0 }
            if let bound = many.bound(against: 0.01, look: 0) {
                passed += 1
                #expect(bound > 0 && bound <= 0.01)
            }
            let few = GapTest(view(dimension: 20, rows: 300, gap: 0, seed: UInt64(trial) &+ 99)) { $0 }
            if few.bound(against: 0.01, look: 0) != nil { blind += 1 }
        }
        #expect(passed >= 295 && blind == 0)
    }

    @Test("Later looks ask for more, and after the last there is none")
    func looks() {
        let test = GapTest(view(dimension: 20, rows: 20_000, gap: 0, seed: 3)) { $0 }
        let bounds = (0..<8).map { test.bound(against: 0.01, look: $0) ?? .infinity }
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
        #expect(test.bound(against: 0.01, look: 8) == nil)
    }

    @Test("Rows to see a gap by fall with the gap allowed")
    func rowsToSee() {
        let test = GapTest(view(dimension: 20, rows: 5000, gap: 0, seed: 3)) { $0 }
        let rows = [0.05, 0.02, 0.01].map { test.rows(toSee: 0.25, of: $0) }
        #expect(rows[0] < rows[1] && rows[1] < rows[2] && rows[2] < 100_000)
    }
}
