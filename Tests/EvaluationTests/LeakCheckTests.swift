import Datasets
import Platform
import TestSupport
import Testing

@testable import Evaluation

@Suite struct LeakCheckTests {
    private let classes = LabelEncoding.classes(["a", "b"])

    @Test func columnsThatTellTheClassAreFound() {
        var data = SampleData(seed: 2)
        let labels = (0..<500).map { _ in Float(data.next() > 0.5 ? 1 : 0) }
        let noise = labels.map { _ in Float(data.next()) }
        // A copy, the other way round, one code for each, and a number that a threshold parts.
        #expect(LeakCheck.leak(labels, labels, classes) == 500)
        #expect(LeakCheck.leak(labels.map { 1 - $0 }, labels, classes) == 500)
        #expect(LeakCheck.leak(zip(labels, noise).map { $0 * 3 + ($1 > 0 ? 1 : 0) }, labels, classes) == 500)
        #expect(LeakCheck.leak(zip(labels, noise).map { -3 * $0 + $1 }, labels, classes) == 500)
        #expect(LeakCheck.leak(noise, labels, classes) == nil)
        // Good, but not all there is.
        #expect(LeakCheck.leak(zip(labels, noise).map { $0 + $1 }, labels, classes) == nil)
        #expect(LeakCheck.leak(labels.map { _ in 1 }, labels, classes) == nil)
    }

    @Test func rareClassesCount() {
        // 12 of 500 rows: a column that misses one of them tells more than 99 % of all rows, and not enough.
        let labels = (0..<500).map { Float($0 < 12 ? 1 : 0) }
        #expect(LeakCheck.leak(labels, labels, classes) == 500)
        #expect(LeakCheck.leak((0..<500).map { Float($0 < 11 ? 1 : 0) }, labels, classes) == nil)
        // Too few to say so.
        let fewer = (0..<500).map { Float($0 < 9 ? 1 : 0) }
        #expect(LeakCheck.leak(fewer, fewer, classes) == nil)
    }

    @Test func columnsThatOrderValuesAreFound() {
        var data = SampleData(seed: 4)
        let labels = (0..<400).map { _ in Float(exp(3 * data.next())) }
        #expect(LeakCheck.leak(labels.map { log($0) }, labels, .values(.none)) == 400)
        #expect(LeakCheck.leak(labels.map { -2 * $0 }, labels, .values(.none)) == 400)
        #expect(LeakCheck.leak(labels.map { $0 + Float(data.next()) * 3 }, labels, .values(.none)) == nil)
        let groups = (0..<400).map { Float($0 % 4) }
        #expect(LeakCheck.leak(groups, groups.map { 7 - $0 * $0 }, .values(.none)) == 400)
        #expect(LeakCheck.leak(groups, labels, .values(.none)) == nil)
    }
}
