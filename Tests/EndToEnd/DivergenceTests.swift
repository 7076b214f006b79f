import Foundation
import TestSupport
import Testing

/// Networks on what cannot go well: each case ends, with its exit code and its stop reason.
@Suite struct DivergenceTests {
    /// Images of 6 × 6 Floats in two classes, bright on the left or on the right, as NumPy arrays x.npy and y.npy.
    private func write(_ place: Workplace, labelsMeanNothing: Bool = false, bad: Float? = nil) throws {
        var random = SampleData(seed: 11)
        let rows = 400
        var pixels: [Float] = []
        var labels: [Int64] = []
        for row in 0..<rows {
            for pixel in 0..<36 {
                let isBright = (pixel % 6 < 3) == (row % 2 == 0)
                pixels.append(Float((isBright ? 0.7 : 0.2) + 0.2 * random.next()))
            }
            labels.append(labelsMeanNothing ? (random.next() < 0 ? 0 : 1) : Int64(row % 2))
        }
        if let bad { pixels[77 * 36 + 14] = bad }
        try array(pixels, "<f4", "(\(rows), 6, 6)").write(to: URL(fileURLWithPath: place.path("x.npy")))
        try array(labels, "<i8", "(\(rows),)").write(to: URL(fileURLWithPath: place.path("y.npy")))
    }

    private func array<Element>(_ values: [Element], _ type: String, _ shape: String) -> Data {
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
        header += String(repeating: " ", count: 128 - 11 - header.utf8.count) + "\n"
        let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
        return Data(start) + Data(header.utf8) + values.withUnsafeBytes { Data($0) }
    }

    private func train(_ place: Workplace, ranks: Int, _ options: [String]) throws -> (
        outcome: Outcome, result: [String: Any]
    ) {
        let outcome = try place.run(
            ranks: ranks, ["train", "x.npy", "--labels", "y.npy", "--model", "mlp:8", "--output", "run"] + options)
        return (outcome, place.exists("run/result.json") ? try place.json("run/result.json") : [:])
    }

    @Test("An image with a value that is not finite is named before training", arguments: [Float.nan, .infinity])
    func badImage(value: Float) throws {
        let place = try Workplace()
        try write(place, bad: value)
        for ranks in 1...3 {
            let (outcome, _) = try train(place, ranks: ranks, [])
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("x.npy: row 78, column 15: "), "\(outcome.errors)")
            #expect(outcome.errors.contains("is not a finite number; mend this row"), "\(outcome.errors)")
            #expect(!place.exists("run"))
        }
    }

    @Test("Labels that mean nothing end by validation", arguments: [1, 3]) func shuffledLabels(ranks: Int) throws {
        let place = try Workplace()
        try write(place, labelsMeanNothing: true)
        let (outcome, result) = try train(place, ranks: ranks, ["--max-epochs", "1000"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(result["stopReason"] as? String == "validationPlateau")
        #expect(outcome.output.contains("The validation score no longer improves"))
        #expect(try #require(result["gradientPasses"] as? Double) < 900)
    }

    @Test(
        "A step far too large is taken back",
        arguments: [
            ("fixed", "1e6"), ("fixed", "1e30"), ("sgd", "1e6"), ("auto", "1e6"), ("auto", "1e30"), ("bb", "1e30"),
        ])
    func largeStep(step: String, size: String) throws {
        let place = try Workplace()
        try write(place)
        let (outcome, result) = try train(
            // A search makes many reductions, slow ones where ranks outnumber processors: two ranks without one.
            place, ranks: step == "fixed" ? 2 : 0,
            ["--step", step, "--step-size", size, "--max-epochs", "40", "--patience", "1000"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(result["stopReason"] as? String == "passLimit")
        let train = try #require(result["train"] as? [String: Any])
        #expect(train["accuracy"] as? Double == 1)
    }

    @Test("A step that nothing can be made of ends the run", arguments: [1, 2, 4]) func hopelessStep(ranks: Int) throws
    {
        let place = try Workplace()
        try write(place)
        let (outcome, result) = try train(place, ranks: ranks, ["--step", "fixed", "--step-size", "1e300"])
        #expect(outcome.code == 2, "\(outcome.errors)")
        #expect(result["stopReason"] as? String == "divergence")
        #expect(result["converged"] as? Bool == false)
    }
}
