import Foundation
import TestSupport
import Testing

/// A named pipe that nobody writes to, in the place of a file: refused with one message, never waited for.
@Suite struct PipeTests {
    @Test(arguments: [
        ["train", "pipe", "--output", "out"], ["train", "pipe", "--format", "libsvm", "--output", "out"],
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
