import BigBatch
import Testing

@testable import Telemetry

@Suite struct ProgressTests {
    private var record: IterationRecord {
        var record = IterationRecord()
        record.iteration = 40
        record.seconds = 12
        record.gradientPasses = 0.5
        record.batchSize = 12_288
        record.loss = 0.513766
        record.signalToNoise = 1.523
        record.stepSize = 0.125
        record.communicationSeconds = 0.48
        return record
    }

    @Test func aWideLineHasAllFields() {
        let line = ProgressLine.text(record, since: IterationRecord(), rows: 581_012, columns: 200)
        #expect(
            line
                == "passes 0.50  batch size 12,288  signal to noise 1.5  objective 0.51377  step size 0.13  24.2k rows/s  "
                + "4 % communication")
        #expect(ProgressLine.text(record, since: IterationRecord(), rows: 12_288, columns: nil).contains("(all)"))
    }

    @Test func aNarrowLineNeverWraps() {
        for columns in 0...120 {
            let line = ProgressLine.text(record, since: IterationRecord(), rows: 581_012, columns: columns)
            #expect(line.count <= columns)
            if columns >= 11 { #expect(line.hasPrefix("passes 0.50")) }
            if columns >= 30 { #expect(line.contains("objective")) }
        }
    }

    /// TensorBoard shows every figure once, by its name.
    @Test func figuresHaveOneNameEach() {
        let tags = ScalarTable.scalars.map(\.tag)
        #expect(tags.sorted() == RunFigure.allCases.map(\.tag).sorted())
        #expect(Set(tags).count == tags.count)
        #expect(RunFigure.validationLoss.tag == "progress/validation_loss")
        #expect(RunFigure.passes.tag == "work/passes_over_the_data")
    }

    @Test func nonFiniteValuesAreShown() {
        var diverging = record
        diverging.nonFinite = 3
        diverging.loss = .infinity
        let line = ProgressLine.text(diverging, since: IterationRecord(), rows: 10, columns: 200)
        diverging.signalToNoise = .infinity
        #expect(!ProgressLine.text(diverging, since: record, rows: 10, columns: nil).contains("signal"))
        #expect(line.contains("objective inf"))
        #expect(line.contains("3 non-finite"))
    }

    @Test func launchersAreKnownByName() {
        #expect(["mpirun", "mpiexec.hydra", "mpirun.openmpi", "prterun"].allSatisfy(Screen.isLauncher))
        #expect(!Screen.isLauncher("bash"))
    }

    @Test func theSummarySaysWhyItEnded() {
        var result = TrainingResult()
        result.stopReason = .timeLimit
        result.iterations = 1234
        result.gradientNorm = .nan
        result.dualityGap = 0.00123
        result.certificatePasses = 2
        let text = Summary(
            result: result, qualities: [("test", "accuracy 0.9")], objective: 0.25, loadSeconds: 1, folder: "runs/x",
            files: ["model.safetensors"]
        ).text
        #expect(text.hasPrefix(StopReason.timeLimit.explanation))
        #expect(text.contains("1,234 iterations"))
        #expect(text.contains("objective   0.25\n"))
        #expect(text.contains("at most 0.0012 lower, 0.49 % of it (duality gap, 2 more passes)"))
        #expect(text.contains("test        accuracy 0.9"))
        #expect(text.contains("runs/x: model.safetensors"))
    }
}
