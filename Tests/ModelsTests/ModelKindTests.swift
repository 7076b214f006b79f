import Datasets
import Testing

@testable import Models

@Suite struct ModelKindTests {
    @Test func labelsDecide() {
        func kind(_ labels: [Double], areText: Bool = false) -> ModelKind {
            ModelKind.choose(from: LabelSummary(labels, areText: areText)).kind
        }
        #expect(kind([-1, 1, 1]) == .logistic)
        #expect(kind([0.5, 2.5]) == .logistic)
        #expect(kind([0, 1, 0], areText: true) == .logistic)
        #expect(kind([0, 1, 2], areText: true) == .softmax)
        #expect(kind((0..<40).map { Double($0 % 3) }) == .softmax)
        #expect(kind((0..<40).map { Double($0 % 3) + 0.5 }) == .ridge)
        // Ages: many integers, few rows each.
        #expect(kind((0..<200).map { Double($0 % 70) }) == .ridge)
        #expect(kind((0..<4000).map { Double($0 % 101) }) == .ridge)
        #expect(kind((0..<4000).map { Double($0) }) == .ridge)
        #expect(kind((0..<40).map { Double($0 % 3) } + [7]) == .ridge)
        #expect(kind([3, 3, 3]) == .ridge)
    }

    @Test func theReasonIsASentenceThatNamesTheKind() {
        for labels in [[0, 1.0], [1, 1], [0.5, 1, 2], (0..<40).map { Double($0 % 3) }] {
            let choice = ModelKind.choose(from: LabelSummary(labels))
            #expect(choice.reason.hasSuffix(": \(choice.kind.rawValue)."))
        }
    }

    @Test func unsuitableLabelsAreRefusedWithARemedy() throws {
        try ModelKind.poisson.check(LabelSummary([0, 3]))
        try ModelKind.logistic.check(LabelSummary([-1, 1]))
        #expect { try ModelKind.poisson.check(LabelSummary([-1, 3])) } throws: { "\($0)".contains("`model` ridge") }
        #expect { try ModelKind.logistic.check(LabelSummary([1, 2, 3])) } throws: {
            "\($0)".contains("`model` softmax")
        }
        #expect { try ModelKind.squaredHinge.check(LabelSummary([1, 2.5, 3])) } throws: {
            "\($0)".contains("`model` ridge")
        }
    }

    @Test func namesAreThoseOfTheCommandLine() {
        #expect(
            ModelKind.allCases.map(\.rawValue)
                == ["ridge", "logistic", "softmax", "squared-hinge", "huber", "poisson", "auto"])
    }

    @Test func impossibleSpecificationsAreRefused() {
        func make(_ kind: ModelKind, _ classes: Int, delta: Double = 1) throws {
            _ = try ModelSpecification(kind: kind, featureCount: 2, classCount: classes, huberDelta: delta).makeModel()
        }
        #expect(throws: Never.self) { try make(.softmax, 2) }
        #expect(throws: ModelError.self) { try make(.softmax, 1) }
        #expect(throws: ModelError.self) { try make(.logistic, 3) }
        #expect(throws: ModelError.self) { try make(.huber, 0, delta: 0) }
        #expect(throws: ModelError.self) { try make(.auto, 0) }
    }

    @Test func summariesMergeInAnyOrder() {
        var random = Generator(state: 1)
        for distinct in [5, 900, 1000, 1001, 3000] {
            let labels = (0..<6000).map { _ in Double(Int.random(in: 0..<distinct, using: &random)) / 2 - 10 }
            let parts = [0..<10, 10..<10, 10..<2500, 2500..<6000].map { LabelSummary(labels[$0]) }
            var forward = LabelSummary()
            for part in parts { forward.merge(part) }
            var backward = LabelSummary()
            for part in parts.reversed() { backward.merge(LabelSummary(numbers: part.numbers)) }
            #expect(forward == backward)
            #expect(forward == LabelSummary(labels))
            #expect(forward.count == 6000 && forward.minimum == labels.min() && forward.maximum == labels.max())
            let values = Set(labels)
            #expect(forward.isCapped == (values.count > LabelSummary.cap))
            #expect(forward.values == (forward.isCapped ? [] : values.sorted()))
            #expect(forward.isCapped || forward.counts.reduce(0, +) == 6000)
            #expect(!forward.allIntegers)
        }
    }
}
