import Foundation
import Platform
import Telemetry
import TestSupport
import Testing

@testable import crescendo

/// Names of files, columns, labels and categories may hold anything: neither a terminal nor a script sees it raw.
@Suite struct NameTests {
    private static let odd = "a\u{1B}[2Jb\nc"
    private static let shown = "a\\x1b[2Jb\\nc"

    /// No control character but line ends, and no line that a name began.
    private func expectClean(_ text: String, _ what: String) {
        let hasControl = text.unicodeScalars.contains {
            $0 != "\n" && ($0.value < 0x20 || (0x7F...0x9F).contains($0.value))
        }
        #expect(!hasControl, "\(what): \(text.debugDescription)")
        #expect(
            !text.split(separator: "\n").contains {
                $0.hasPrefix("c") && !$0.hasPrefix("crescendo:") && !$0.hasPrefix("cache") && !$0.hasPrefix("classes")
            }, "\(what): \(text)")
    }

    @Test(arguments: [0, 2]) func filesWithOddNamesAreNamedWithCare(ranks: Int) throws {
        let place = try Workplace()
        let file = Self.odd + ".svm"
        try place.write("1 1:2\n0 1:x\n", to: file)
        let wrong = try place.run(ranks: ranks, ["train", file, "--output", "run"])
        #expect(wrong.code == 1 && wrong.errors.contains(Self.shown + ".svm:2: "), "\(wrong.errors)")
        expectClean(wrong.errors + wrong.output, "error")
        let missing = try place.run(["predict", "--model", Self.odd, "x"])
        #expect(missing.errors.contains(Self.shown))
        expectClean(missing.errors, "missing model")
    }

    @Test func aRunOfOddNamesIsShownWithCare() throws {
        let place = try Workplace()
        let file = Self.odd + ".svm"
        try place.write(SampleData.binary(), to: file)
        let output = "o\u{1B}\nl2: 99"
        let outcome = try place.run(["train", file, "--cache", Self.odd, "--output", output])
        #expect(outcome.code == 0, "\(outcome.errors)")
        expectClean(outcome.errors + outcome.output, "train")
        // The name of the folder does not become an option.
        #expect(!(try place.read(output + "/config.yaml")).contains("\nl2: 99"))
        for command in [["info", output], ["watch", output, "--once"], ["report", output]] {
            let shown = try place.run(command)
            #expect(shown.code == 0, "\(shown.errors)")
            expectClean(shown.errors + shown.output, command[0])
        }
        #expect(
            try place.run(["train", "--config", output + "/config.yaml", "--output", "again", "--quiet"]).code == 0)
    }

    @Test func columnsAndCategoriesAreShownWithCare() throws {
        let place = try Workplace()
        let rows = (0..<60).map {
            "\($0 % 7),\(["x\u{1B}[7m", "y\u{9B}1m", "=z"][$0 % 3]),\(["n\u{7F}o", "y\u{202E}es"][$0 % 2])\n"
        }
        try place.write("num\u{1B}]0;x\u{7},cat,y\n" + rows.joined(), to: "data.csv")
        let outcome = try place.run(["train", "data.csv", "--output", "run"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        expectClean(outcome.errors + outcome.output, "train")
        for command in [["info", "run"], ["watch", "run", "--once"]] {
            let shown = try place.run(command)
            expectClean(shown.errors + shown.output, command[0])
        }
        // Predictions keep every byte: they are for programs.
        let predictions = try place.run(["predict", "--model", "run", "data.csv", "--id", "2"])
        #expect(predictions.code == 0, "\(predictions.errors)")
        let lines = predictions.output.split(separator: "\n")
        #expect(lines.count == 61 && lines.allSatisfy { $0.split(separator: ",").count == 4 })
        #expect(lines[1].hasPrefix("x\u{1B}[7m,"))
    }

    @Test func wordsForShellsAreWords() throws {
        let words = ["plain", "two words", "it's", "-n", "a\nb", "\u{1B}[2J", "a\\b\tc", "é", "", "$(id)", "\u{9B}"]
        let line = ShellWord.quoted(words)
        expectClean(line, "command")
        let place = try Workplace()
        let outcome = try place.start(["bash", "-c", "printf '%s\\0' \(line)"], environment: ["LC_ALL": "C.UTF-8"])
            .wait()
        #expect(outcome.output == words.map { $0 + "\0" }.joined())
    }
}
