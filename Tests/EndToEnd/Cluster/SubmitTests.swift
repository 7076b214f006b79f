import Datasets
import Foundation
import Platform
import TestSupport
import Testing

@testable import Cluster
@testable import crescendo

/// Words of users in a shell, in lines for sbatch, and on a terminal.
@Suite struct ShellWordTests {
    static let words = [
        "data/a-b_1.svm", "my data", "it's $HOME", "", "-rf", "--", "a\nb", "a\tb", "'", "\"", "\\", "`id`", "$(id)",
        "*",
        "#x", "~", "!!", "a\u{1B}[2Jb", "\u{7F}", "\u{9B}31m", "\u{202E}gnp", "a\r\n'b\\'", "é ü 字", "\u{1}2",
    ]

    @Test func plainWordsStayAsTheyAre() {
        #expect(ShellWord.quoted("data/a-b_1.svm") == "data/a-b_1.svm")
        #expect(ShellWord.quoted("my data") == "'my data'")
        #expect(ShellWord.quoted("it's $HOME") == "'it'\\''s $HOME'")
        #expect(ShellWord.quoted("") == "''")
    }

    /// bash reads what was meant, and neither the script nor a terminal sees a control character.
    @Test(arguments: words) func bashReadsWhatWasMeant(_ word: String) throws {
        let quoted = ShellWord.quoted(word)
        #expect(!quoted.unicodeScalars.contains { $0.isUnprintable })
        let place = try Workplace()
        try place.write("#!/bin/bash\nprintf %s \(quoted)\n", to: "script")
        for locale in ["C", "C.UTF-8"] {
            let outcome = try place.start(
                ["bash", "script"], limit: 10, environment: ["LC_ALL": locale]
            ).wait()
            #expect(Array(outcome.output.utf8) == Array(word.utf8) && outcome.errors.isEmpty, "\(quoted)")
        }
    }

    /// The rules of sbatch's own reader of lines; the cluster tests ask sbatch itself.
    @Test func linesForSbatch() throws {
        #expect(ShellWord.forSbatch("long") == "long")
        #expect(ShellWord.forSbatch("two words") == "\"two words\"")
        #expect(ShellWord.forSbatch(#"it's "a" \ # b"#) == #""it's \"a\" \\ # b""#)
        #expect(ShellWord.forSbatch("") == "\"\"")
        for word in ["a\nb", "\u{1B}c", "a\rb"] { #expect(ShellWord.forSbatch(word) == nil) }
        #expect(try JobScript.option("--mem=8G") == "--mem=8G")
        #expect(try JobScript.option("--exclusive") == "--exclusive")
        #expect(try JobScript.option("--comment=a b") == "--comment=\"a b\"")
        #expect(try JobScript.option("-J  a b") == "-J \"a b\"")
        for option in [
            "", "mem", "hetjob", ":", "-", "--", "--me\nm=8G", "--mem=8\n#SBATCH --now", "--=x", "- x", "-;id",
        ] {
            #expect(throws: StartError.self) { try JobScript.option(option) }
        }
    }

    @Test(arguments: ["train", "a.b_c-1", "x=1,y@z", "überfit"]) func namesOfJobs(_ name: String) {
        #expect(SubmitJob.isName(name))
    }

    @Test(arguments: [
        "", "-x", ".x", "a b", "a/b", "a\nb", "a\u{1B}b", "a'b", "a\"b", "a\\b", "a#b", "a%jb", "a$b", "a\u{200D}b",
    ])
    func whatIsNoNameOfAJob(_ name: String) { #expect(!SubmitJob.isName(name)) }
}

@Suite struct JobTimeTests {
    /// The forms that sbatch takes, and those with units.
    @Test(arguments: [
        ("90", "01:30:00"), ("0:30", "00:01:00"), ("90:00", "01:30:00"), ("90:01", "01:31:00"), ("1:30:00", "01:30:00"),
        ("36:00:00", "1-12:00:00"), ("1-12", "1-12:00:00"), ("1-12:30", "1-12:30:00"), ("1-12:30:01", "1-12:31:00"),
        ("0-1", "01:00:00"), ("90m", "01:30:00"), ("2h", "02:00:00"), ("1d12h", "1-12:00:00"), ("30s", "00:01:00"),
        ("1.5h", "01:30:00"), ("7201s", "02:01:00"), ("unlimited", "UNLIMITED"), ("INFINITE", "UNLIMITED"),
    ])
    func forms(_ argument: String, _ text: String) throws { #expect(try JobTime(argument).text == text) }

    @Test(arguments: [
        "", "0", "0:00", "-5", "1-", "-1", "1--2", "1:2:3:4", "1-2:3:4:5", "1:", ":1", "+5", "1e3", "90 m", "90x", "h",
        "٣",
        "99999999999", "9999999-00", "1.5",
    ])
    func whatIsNoTime(_ argument: String) { #expect(throws: (any Error).self) { try JobTime(argument) } }
}

/// `submit` on this machine.
@Suite(.serialized) struct SubmitTests {
    @Test func submitWritesAScriptOnce() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "my data.svm")
        let arguments = ["submit", "--nodes", "3", "--time", "90m", "--module", "mpi/4", "train", "my data.svm"]
        let first = try place.run(arguments)
        #expect(first.code == 0, "\(first.errors)")
        let text = try place.read("train.sbatch")
        #expect(first.output.contains(text))
        #expect(first.output.contains("sbatch train.sbatch"))
        #expect(text.contains("#SBATCH --nodes=3 "))
        #expect(text.contains("#SBATCH --time=01:30:00 "))
        #expect(text.contains("\nmodule load mpi/4\n"))
        #expect(text.hasSuffix("\nexec crescendo launch train 'my data.svm'\n"))
        #expect(try place.run(arguments).code == 0)
        let other = try place.run(["submit", "train", "my data.svm"])
        #expect(other.code == 1)
        #expect(other.errors.contains("--overwrite"))
        #expect(try place.read("train.sbatch") == text)
        #expect(try place.run(["submit", "train", "--colour", "red"]).code == 64)
    }

    /// A plain number is minutes, as for sbatch, and the help says so.
    @Test func timesAreThoseOfSbatch() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        #expect(try place.run(["submit", "--time", "90", "--name", "a", "train", "data.svm"]).code == 0)
        #expect(try place.read("a.sbatch").contains("#SBATCH --time=01:30:00 "))
        let wrong = try place.run(["submit", "--time", "0", "train", "data.svm"])
        #expect(wrong.code == 64 && wrong.errors.contains("1-12:30:00"), "\(wrong.errors)")
        let help = try place.run(["help", "submit"]).output
        #expect(help.contains("A plain number is minutes here"))
    }

    /// Whatever users call their files, the script starts with them, and shows no control character.
    @Test func namesOfFilesAreQuoted() throws {
        let place = try Workplace()
        let names = ["-a.svm", "b\nc.svm", "d'e\"f.svm", "$(touch g).svm", "\u{1B}[2Jh.svm", "i \\.svm"]
        for name in names { try place.write(SampleData.binary(), to: name) }
        let outcome = try place.run(["submit", "--module", "x; touch y", "train", "--output", "r\ns", "--"] + names)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let shown = outcome.output + outcome.errors
        #expect(!shown.unicodeScalars.contains { $0 != "\n" && $0.isUnprintable })
        // bash passes on what was meant.
        try place.write("module() { printf '%s\\0' \"$@\" >modules; }\n", to: "site")
        let script = try place.read("train.sbatch").replacingOccurrences(
            of: "\nexec crescendo ", with: "\nprintf '%s\\0' ")
        try place.write("source ./site\n" + script, to: "words")
        let read = try place.start(["bash", "words"], limit: 10).wait()
        let words = read.output.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
        #expect(words == ["launch", "train", "--output", "r\ns", "--"] + names)
        #expect(try place.read("modules") == "load\0x; touch y\0")
        #expect(!place.exists("y") && !place.exists("g"))
    }

    @Test func badNamesAreRefused() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        for (option, value) in [
            ("--name", "-x"), ("--name", "a\u{1B}b"), ("--name", "a\nb"), ("--partition", "p\n#SBATCH --now"),
            ("--sbatch", "mem=8G"),
        ] {
            let outcome = try place.run(["submit", "\(option)=\(value)", "train", "data.svm"])
            #expect(outcome.code == 1 && outcome.errors.contains(option), "\(outcome.errors)")
            #expect(!outcome.errors.unicodeScalars.contains { $0 != "\n" && $0.isUnprintable })
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder) == ["data.svm"])
    }
}
