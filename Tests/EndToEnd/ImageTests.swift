import Foundation
import TestSupport
import Testing

/// Images from IDX files: trained, judged and predicted, with what the program has to find out by itself.
@Suite struct ImageTests {
    /// Images of 4 × 6 bytes in two classes, bright on the left or on the right, and their labels.
    private func write(_ place: Workplace, _ name: String, rows: Int, seed: UInt64, height: UInt8 = 4) throws {
        var data = SampleData(seed: seed)
        var images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, UInt8(rows), 0, 0, 0, height, 0, 0, 0, 6]
        var labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, UInt8(rows)]
        for row in 0..<rows {
            labels.append(UInt8(row % 2 + 3))
            for pixel in 0..<6 * Int(height) {
                let isBright = (pixel % 6 < 3) == (row % 2 == 0)
                images.append(UInt8((isBright ? 180 : 40) + 35 * data.next()))
            }
        }
        try Data(images).write(to: URL(fileURLWithPath: place.path(name + "-images-idx3-ubyte")))
        try Data(labels).write(to: URL(fileURLWithPath: place.path(name + "-labels-idx1-ubyte")))
    }

    @Test(arguments: ["softmax", "mlp:8"], [1, 3]) func areTrainedOnAndJudged(model: String, ranks: Int) throws {
        let place = try Workplace()
        try write(place, "train", rows: 120, seed: 1)
        try write(place, "t10k", rows: 40, seed: 2)
        let trained = try place.run(
            ranks: ranks,
            [
                "train", "train-images-idx3-ubyte", "--test", "t10k-images-idx3-ubyte", "--model", model, "--output",
                "run",
                "--max-epochs", "20",
            ] + (model == "softmax" ? [] : ["--augment", "shift:1"]))
        try #require(trained.code == 0, "\(trained.errors)")
        #expect(trained.output.contains("the labels are from train-labels-idx1-ubyte"))
        #expect(trained.output.contains("pixels are divided by 255") == (model != "softmax"))
        let test = try #require(try place.json("run/result.json")["test"] as? [String: Any])
        #expect(test["accuracy"] as? Double == 1, "\(trained.output)")

        let judged = try place.run(ranks: ranks, ["evaluate", "--model", "run", "t10k-images-idx3-ubyte", "--json"])
        #expect(judged.code == 0 && judged.output.contains("\"accuracy\":1"), "\(judged.output) \(judged.errors)")
        try FileManager.default.removeItem(atPath: place.path("t10k-labels-idx1-ubyte"))
        let predicted = try place.run(ranks: ranks, ["predict", "--model", "run", "t10k-images-idx3-ubyte"])
        let classes = predicted.output.split(separator: "\n").dropFirst().map { $0.prefix(1) }
        #expect(classes == (0..<40).map { "\($0 % 2 + 3)" }, "\(predicted.errors)")

        try write(place, "other", rows: 10, seed: 3, height: 5)
        let refused = try place.run(ranks: ranks, ["evaluate", "--model", "run", "other-images-idx3-ubyte"])
        #expect(refused.code == 1)
        #expect(refused.errors.contains("has images of 1x5x6, but the model was trained on 1x4x6"), "\(refused.errors)")
    }

    @Test func whatIsMissingIsSaid() throws {
        let place = try Workplace()
        try write(place, "train", rows: 20, seed: 1)
        try write(place, "few", rows: 10, seed: 1)
        func errors(_ arguments: [String]) throws -> String {
            try place.run(["train", "--output", "run"] + arguments).errors
        }
        let images = "train-images-idx3-ubyte"
        #expect(
            try errors([images, "--labels", "few-labels-idx1-ubyte"]).contains("has 10 labels, but \(images) has 20"))
        #expect(try errors([images, "--augment", "flip"]).contains("--augment needs a network"))
        #expect(
            try errors([images, "--model", "mlp:4", "--augment", "flop"]).contains("augmentation 'flop' is not known"))
        #expect(try errors([images, "--input-shape", "28"]).contains("expected channels, height and width"))
        try FileManager.default.removeItem(atPath: place.path("train-labels-idx1-ubyte"))
        #expect(try errors([images]).contains("which labels? Give --labels FILE"))
        try Data([0, 0, 8, 3, 0]).write(to: URL(fileURLWithPath: place.path(images)))
        #expect(try errors([images]).contains("\(images): the IDX header is cut off"))
    }
}
