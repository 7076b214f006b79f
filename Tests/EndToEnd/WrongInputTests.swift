import Foundation
import TestSupport
import Testing

/// A command that cannot work, and what the user must be told.
struct WrongInput: Sendable, CustomTestStringConvertible {
    let name: String
    /// File name to contents.
    var files: [String: String] = [:]
    let arguments: [String]
    /// A part of the one message.
    let message: String
    var code: Int32 = 1

    var testDescription: String { name }

    /// `train` on one file of the given contents.
    static func train(
        _ name: String, _ contents: String, _ options: [String] = [], file: String = "data.svm", says message: String,
        code: Int32 = 1
    ) -> WrongInput {
        WrongInput(
            name: name, files: [file: contents], arguments: ["train", file, "--output", "out"] + options,
            message: message, code: code)
    }

    /// `train` on good data with options that are not.
    static func options(_ name: String, _ options: [String], says message: String) -> WrongInput {
        train(name, SampleData.binary(rows: 20), options, says: message, code: 64)
    }
}

@Suite struct WrongInputTests {
    static let files: [WrongInput] = [
        WrongInput(
            name: "missing file", arguments: ["train", "nothing.svm"],
            message: "nothing.svm: cannot open: No such file or directory"),
        WrongInput(
            name: "folder of folders as data", arguments: ["train", "."],
            message: ".: the folder has folders and no files"),
        .train("empty file", "", says: "data.svm: is empty"),
        .train("comments only", "# nothing\n\n# here\n", ["--format", "libsvm"], says: "there are no rows"),
        .train("one row", "1 1:2\n", ["--model", "ridge"], says: "training needs at least 2 rows"),
        .train("rows without features", "1\n-1\n", ["--format", "libsvm"], says: "no features"),
        .train("bad number", "1 1:2\n-1 1:zwei\n", says: "data.svm:2: "),
        .train("bad label", "1 1:2\n? 1:3\n", says: "data.svm:2: "),
        .train("missing colon", "1 1:2\n-1 3\n", ["--format", "libsvm"], says: "data.svm:2: "),
        .train("index 0", "1 0:2\n-1 1:3\n", says: "data.svm:1: "),
        .train("negative index", "1 1:2\n-1 -1:3\n", says: "data.svm:2: "),
        .train("index twice", "1 1:2 1:3\n-1 1:3\n", says: "data.svm:1: "),
        .train("index too large", "1 99999999999:2\n-1 1:3\n", says: "data.svm:1: "),
        .train("NaN", "1 1:2\n-1 1:nan\n", says: "data.svm:2: "),
        .train("infinite", "1 1:2\n-1 1:1e999\n", says: "data.svm:2: "),
        .train("unknown format", "lorem ipsum\n", file: "data.txt", says: "--format"),
        .train("damaged Parquet", "PAR1....PAR1", file: "data.bin", says: "its metadata is damaged"),
        .train("not gzip", "1 1:2\n-1 1:3\n", ["--format", "npy"], file: "data.npy", says: "data.npy"),
        .train("ragged table", "a,b,y\n1,2,3\n4,5\n", file: "data.csv", says: "data.csv:3: "),
        .train(
            "label column", table("4,5,6"), ["--label", "z"], file: "data.csv",
            says: "--label z: there is no such column"),
        .train("label number", table("4,5,6"), ["--label", "9"], file: "data.csv", says: "--label 9"),
        .train(
            "dropped column", table("4,5,6"), ["--drop", "z"], file: "data.csv",
            says: "--drop z: there is no such column"),
        .train("identifier", table("4,5,6"), ["--id", "z"], file: "data.csv", says: "--id z: there is no such column"),
        .train(
            "weight column", table("4,5,6"), ["--weight", "z"], file: "data.csv",
            says: "--weight z: there is no such column"),
        .train("negative weight", table("4,-5,6"), ["--weight", "b"], file: "data.csv", says: "weight"),
        .train(
            "open quote", "a,b,y\n1,2,3\n1,\"2,3\n4,5,6\n", ["--label", "y", "--header"], file: "data.csv",
            says: "data.csv:3: "),
        .train("no label named", SampleData.table(), file: "data.csv", says: "which column is the label?"),
        .train("column twice", "a,a,y\n1,2,3\n4,5,6\n", file: "data.csv", says: "data.csv"),
        .train("three classes", SampleData.classes(), ["--model", "logistic"], says: "--model softmax"),
        .train("one class", "1 1:2\n1 1:3\n1 1:4\n", ["--model", "softmax"], says: "at least two classes"),
        .train(
            "text for ridge", SampleData.table(), ["--model", "ridge", "--label", "answer"], file: "data.csv",
            says: "text"),
        .train("negative count", "1 1:2\n-1 1:3\n2 1:1\n", ["--model", "poisson"], says: "counts"),
        .train("too little memory", SampleData.binary(), ["--memory-limit", "1kB"], says: "but only 1 kB per rank"),
        .train(
            "model beyond memory", SampleData.binary(), ["--model", "mlp:100000000,9"], says: "take a smaller --model"),
        .train(
            "model beyond the limit", SampleData.binary(), ["--model", "mlp:1000000", "--memory-limit", "100MB"],
            says: "a model of 8,000,002 parameters takes 192 MB"),
        .train("missing test file", SampleData.binary(), ["--test", "no.svm"], says: "no.svm: cannot open"),
        WrongInput(
            name: "unseen label in the test file", files: ["a.svm": SampleData.binary(), "b.svm": "7 1:1\n"],
            arguments: ["train", "a.svm", "--test", "b.svm", "--output", "out"], message: "b.svm: row 1: label '7'"),
        WrongInput(
            name: "other columns in the test file",
            files: ["a.csv": table("4,5,6"), "b.csv": "a,y\n1,2\n"],
            arguments: ["train", "a.csv", "--test", "b.csv", "--output", "out"], message: "b.csv"),
        WrongInput(
            name: "two formats", files: ["a.svm": SampleData.binary(), "b.csv": table("4,5,6")],
            arguments: ["train", "a.svm", "b.csv", "--output", "out"], message: "must have one format"),
    ]

    static let options: [WrongInput] = [
        WrongInput(name: "no data", arguments: ["train"], message: "No data given", code: 64),
        WrongInput(name: "nothing to launch", arguments: ["launch"], message: "No command given", code: 64),
        WrongInput(name: "nothing to submit", arguments: ["submit"], message: "No command given", code: 64),
        WrongInput(
            name: "standard input", arguments: ["train", "-", "--test", "-"], message: "(-) is read once", code: 64),
        WrongInput(name: "unknown command", arguments: ["trian", "a"], message: "Did you mean 'train'?", code: 64),
        .options("unknown option", ["--modle", "ridge"], says: "'--modle'. Did you mean '--model'?"),
        .options("unknown model", ["--model", "linear"], says: "'linear' is invalid for '--model"),
        .options(
            "negative l2", ["--l2", "-1"],
            says: "'-1' is invalid for '--l2 <lambda|auto>': expected a number, 0 or above"),
        .options("l2 in words", ["--l2", "little"], says: "'little' is invalid for '--l2"),
        .options("validation", ["--validation", "1.5"], says: "below 1"),
        .options("theta", ["--theta", "2"], says: "at most 1"),
        .options("paper", ["--paper", "--step", "sgd"], says: "--paper is for --step fixed, armijo or bb"),
        .options("time", ["--time-limit", "soon"], says: "'soon' is invalid for '--time-limit"),
        .options("threads", ["--threads", "0"], says: "expected a whole number, 1 or above"),
        .options("seed", ["--seed", "-3"], says: "'-3' is invalid for '--seed"),
        .options("batch", ["--initial-batch", "1"], says: "2 or above"),
        .options("memory", ["--memory-limit", "lots"], says: "'lots' is invalid for '--memory-limit"),
        .options("tolerance", ["--tolerance", "-1e-3"], says: "a number, 0 or above"),
        .options("no end", ["--tolerance", "0"], says: "--tolerance 0 never ends"),
        .options("missing value", ["--l2"], says: "Missing value for '--l2"),
        .options("step without size", ["--step", "fixed"], says: "--step fixed needs --step-size"),
    ]

    static let folders: [WrongInput] = [
        WrongInput(
            name: "folder in use", files: ["out/notes.txt": "mine", "a.svm": SampleData.binary()],
            arguments: ["train", "a.svm", "--output", "out"], message: "files that no run has written"),
        WrongInput(
            name: "run in use", files: ["out/metrics.jsonl": "", "a.svm": SampleData.binary()],
            arguments: ["train", "a.svm", "--output", "out"], message: "--output out is not empty"),
        WrongInput(
            name: "folder of another", files: ["out/notes.txt": "mine", "a.svm": SampleData.binary()],
            arguments: ["train", "a.svm", "--output", "out", "--overwrite"], message: "files that no run has written"),
        WrongInput(
            name: "file as folder", files: ["out": "", "a.svm": SampleData.binary()],
            arguments: ["train", "a.svm", "--output", "out"], message: "--output out is a file"),
        WrongInput(
            name: "unwritable folder", files: ["a.svm": SampleData.binary()],
            arguments: ["train", "a.svm", "--output", "/proc/nowhere/run"], message: "cannot create the run folder"),
        WrongInput(
            name: "missing configuration", arguments: ["train", "--config", "no.yaml"],
            message: "no.yaml: cannot open", code: 64),
        WrongInput(
            name: "broken configuration", files: ["c.yaml": "data: [a.svm\nl2: 1\n"],
            arguments: ["train", "--config", "c.yaml"], message: "c.yaml:2: not valid YAML", code: 64),
        WrongInput(
            name: "unknown key", files: ["c.yaml": "data: a.svm\ntolerence: 1e-3\n"],
            arguments: ["train", "--config", "c.yaml"],
            message: "c.yaml:2: unknown option 'tolerence'; did you mean 'tolerance'?", code: 64),
        WrongInput(
            name: "wrong value in the configuration", files: ["c.yaml": "data: a.svm\n\nl2: many\n"],
            arguments: ["train", "--config", "c.yaml"], message: "c.yaml:3: ", code: 64),
        WrongInput(
            name: "list for one value", files: ["c.yaml": "l2: [1, 2]\n"],
            arguments: ["train", "--config", "c.yaml"], message: "c.yaml:1: 'l2' takes one value", code: 64),
        WrongInput(
            name: "key twice", files: ["c.yaml": "l2: 1\nl2: 2\n"],
            arguments: ["train", "--config", "c.yaml"], message: "given twice: l2", code: 64),
        WrongInput(
            name: "flag that is none", files: ["c.yaml": "intercept: perhaps\n"],
            arguments: ["train", "--config", "c.yaml"], message: "'intercept' is true or false, not 'perhaps'", code: 64
        ),
    ]

    static let models: [WrongInput] = [
        WrongInput(
            name: "missing model", files: ["a.svm": SampleData.binary()],
            arguments: ["predict", "--model", "no.safetensors", "a.svm"], message: "no.safetensors"),
        WrongInput(
            name: "folder without a model", files: ["run/config.yaml": "", "a.svm": SampleData.binary()],
            arguments: ["predict", "--model", "run", "a.svm"], message: "run holds no model.safetensors"),
        WrongInput(
            name: "not a model", files: ["m.safetensors": "hello, world", "a.svm": SampleData.binary()],
            arguments: ["evaluate", "--model", "m.safetensors", "a.svm"], message: "m.safetensors"),
        WrongInput(
            name: "info about nothing", arguments: ["info", "nowhere"], message: "nowhere"),
    ]

    private static func table(_ line: String) -> String { "a,b,y\n1,2,3\n\(line)\n7,8,9\n1,1,1\n" }

    @Test(arguments: files + options + folders + models)
    func wrongInputEndsWithOneMessage(_ input: WrongInput) throws { try check(input, ranks: 0) }

    @Test(arguments: files + options.prefix(6) + folders + models)
    func wrongInputEndsWithOneMessageOnTwoRanks(_ input: WrongInput) throws { try check(input, ranks: 2) }

    /// One message, the right code, soon, and nothing left behind.
    private func check(_ input: WrongInput, ranks: Int) throws {
        let place = try Workplace()
        for (name, contents) in input.files {
            let folder = URL(fileURLWithPath: place.path(name)).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try place.write(contents, to: name)
        }
        let before = try FileManager.default.subpathsOfDirectory(atPath: place.folder).sorted()
        let outcome = try place.run(ranks: ranks, input.arguments, limit: 30)
        #expect(outcome.code == input.code, "\(outcome.errors)")
        #expect(outcome.errors.components(separatedBy: input.message).count == 2, "\(outcome.errors)")
        let spoken = outcome.errors.split(separator: "\n").filter {
            $0.hasPrefix("crescendo:") || $0.hasPrefix("Error:")
        }
        #expect(spoken.count == 1, "\(outcome.errors)")
        #expect(
            try FileManager.default.subpathsOfDirectory(atPath: place.folder).sorted().filter { $0 != "runs" } == before
        )
    }

    @Test func thereAreEnoughCases() {
        #expect((Self.files + Self.options + Self.folders + Self.models).count >= 40)
    }
}
