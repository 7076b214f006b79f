import Foundation
import TestSupport
import Testing

@Suite struct PipeTests {
    /// What comes through pipes makes the model that the file makes.
    @Test(arguments: [1, 2, 3, 4]) func areRead(ranks: Int) throws {
        let place = try Workplace()
        let rows = (0..<3000).map { "\($0 % 7).5,\"\($0 % 3 == 0 ? "a\nb" : "c")\",\($0 % 2)\n" }.joined()
        try place.write("x,t,y\n" + rows, to: "t.csv")
        try place.write(SampleData.binary(), to: "a.svm")
        #expect(mkfifo(place.path("pipe"), 0o600) == 0)
        func model(_ arguments: [String], input: String? = nil) throws -> Data {
            let outcome = try place.run(
                ranks: ranks, ["train"] + arguments + ["--output", "run", "--overwrite"], input: input, limit: 60)
            try #require(outcome.code == 0, "\(outcome.errors)")
            return try Data(contentsOf: URL(fileURLWithPath: place.path("run/model.safetensors")))
        }
        let table = try model(["t.csv", "--label", "y"])
        #expect(try model(["-", "--label", "y"], input: "t.csv") == table)
        let writer = try place.start(["sh", "-c", "cat t.csv > pipe"])
        #expect(try model(["pipe", "--label", "y"]) == table)
        #expect(try writer.wait().code == 0)
        #expect(try model(["-"], input: "a.svm") == model(["a.svm"]))
    }

    /// A named pipe that nobody writes to, in the place of a file: refused with one message, not waited for.
    @Test(arguments: [
        ["train", "pipe", "--label", "y", "--output", "out"],
        ["train", "pipe", "--format", "libsvm", "--output", "out"],
        ["train", "a.svm", "--test", "pipe", "--output", "out"], ["train", "pipe", "a.svm", "--output", "out"],
        ["train", "a.npy", "--labels", "pipe", "--output", "out"], ["train", "--config", "pipe"],
        ["predict", "--model", "pipe", "a.svm"], ["evaluate", "--model", "run", "pipe"], ["info", "pipe"],
        ["plan", "pipe"],
    ])
    func isRefused(arguments: [String]) throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "a.svm")
        let head = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }".padding(
            toLength: 118, withPad: " ", startingAt: 0)
        let array: [UInt8] =
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(head.utf8.count), 0] + Array(head.utf8)
            + [UInt8](repeating: 0, count: 16)
        try Data(array).write(to: URL(fileURLWithPath: place.path("a.npy")))
        #expect(mkfifo(place.path("pipe"), 0o600) == 0)
        if arguments.contains("run") { try #require(try place.run(["train", "a.svm", "--output", "run"]).code == 0) }
        for ranks in [0, 2] {
            let outcome = try place.run(ranks: ranks, arguments, limit: 20)
            #expect(outcome.code == 1 || outcome.code == 64, "\(outcome.code) \(outcome.errors)")
            let said = outcome.errors.split(separator: "\n").filter {
                $0.hasPrefix("crescendo:") || $0.hasPrefix("Error:")
            }
            #expect(said.count == 1 && said[0].contains("pipe"), "\(outcome.errors)")
        }
    }
}
