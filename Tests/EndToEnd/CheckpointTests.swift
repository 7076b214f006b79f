import BigBatch
import Foundation
import Models
import Platform
import TestSupport
import Testing

@testable import Runs
@testable import crescendo

/// Checkpoints and the right to write them, without a run.
@Suite struct CheckpointTests {
    private let fingerprint: RunFingerprint

    init() throws {
        let text = """
            {"sources":[{"name":"a.svm","bytes":10}],"rows":5,"validationRows":0,"features":2,"classes":["a","b"],
            "scaling":{"kind":"zscore","sums":[1,2],"magnitudes":[1,2]},"options":{"seed":"0"}}
            """
        fingerprint = try JSONDecoder().decode(RunFingerprint.self, from: Data(text.utf8))
    }

    private func head(_ iteration: Int, attempt: Int = 1) -> Checkpoint.Head {
        var record = IterationRecord()
        record.iteration = iteration
        record.signalToNoise = .infinity
        return Checkpoint.Head(
            written: "", attempt: attempt, iteration: iteration, seconds: 2, ranks: 1, threads: 1, tolerance: 1e-3,
            patience: 10, record: record, fingerprint: fingerprint)
    }

    private func write(_ folder: CheckpointFolder, _ iteration: Int, attempt: Int = 1) throws {
        _ = try folder.write(
            .init(attempt: attempt, iteration: iteration), head: head(iteration, attempt: attempt),
            state: Array("{}".utf8), arrays: ["state.parameters": .floats([1, .nan, -0.0]), "upper": .doubles([0.1])],
            beforeRename: {})
    }

    private func withCheckpoints(_ body: (CheckpointFolder, Workplace) throws -> Void) throws {
        let place = try Workplace()
        try body(CheckpointFolder(path: place.folder), place)
    }

    @Test func twoAreKeptAndOtherFilesToo() throws {
        try withCheckpoints { folder, place in
            try place.write("", to: "attempts.jsonl")
            try place.write("", to: "notes.txt")
            try place.write("", to: "iteration-9-attempt-1.safetensors.tmp-77")
            for (iteration, attempt) in [(10, 1), (30, 1), (20, 2), (25, 2)] {
                try write(folder, iteration, attempt: attempt)
            }
            #expect(folder.names.map(\.iteration) == [25, 20, 30, 10], "a later start's come first")
            folder.prune(damaged: [.init(attempt: 2, iteration: 25)])
            let files = try FileManager.default.contentsOfDirectory(atPath: place.folder).sorted()
            #expect(
                files == [
                    "attempts.jsonl", "iteration-20-attempt-2.json", "iteration-20-attempt-2.safetensors",
                    "iteration-30-attempt-1.json", "iteration-30-attempt-1.safetensors", "notes.txt",
                ])
            let newest = try #require(folder.newest().found)
            #expect(newest.name.iteration == 20)
            let head = try newest.checkpoint.head()
            #expect(head.record.signalToNoise == .infinity)
        }
    }

    /// Any byte of either file: the checkpoint before is used.
    @Test func everyDamageIsFound() throws {
        try withCheckpoints { folder, place in
            try write(folder, 10)
            try write(folder, 20)
            let name = CheckpointFolder.Name(attempt: 1, iteration: 20)
            for file in [name.document, name.arrays] {
                let path = URL(fileURLWithPath: place.path(file))
                let bytes = try Data(contentsOf: path)
                for index in bytes.indices {
                    var damaged = bytes
                    damaged[index] ^= 1
                    try damaged.write(to: path)
                    let (found, problems) = folder.newest()
                    #expect(found?.name.iteration == 10)
                    #expect(problems.map(\.name) == [name])
                }
                for count in [0, 1, bytes.count / 2, bytes.count - 1] {
                    try bytes.prefix(count).write(to: path)
                    #expect(folder.newest().found?.name.iteration == 10)
                }
                try FileManager.default.removeItem(at: path)
                #expect(folder.newest().found?.name.iteration == 10)
                try bytes.write(to: path)
                #expect(folder.newest().found?.name.iteration == 20)
            }
        }
    }

    /// Both files are whole and do not fit together.
    @Test(arguments: ["dense", "net"]) func arraysOfOtherLengthsAreRefused(name: String) throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fuzz/corpus/checkpoint/\(name)")
        let bytes = [UInt8](try Data(contentsOf: path))
        let end = try #require(bytes.firstIndex(of: 0))
        let whole = Checkpoint(document: Array(bytes[..<end]), arrays: Array(bytes[(end + 1)...]))
        #expect(try whole.snapshot().iteration > 0)
        let good = try Safetensors(whole.arrays, file: "arrays")
        for name in good.tensors.keys
        where !["preconditioner", "estimate", "column"].contains(where: { name.hasPrefix("objective.\($0)") }) {
            var file = good
            file.tensors[name] = .init(shape: [2], values: .floats([1, 2]))
            var damaged = whole
            damaged.arrays = []
            try file.encode { damaged.arrays += $0 }
            #expect(throws: DamagedCheckpoint.self, "\(name)") { try damaged.snapshot() }
        }
        let text = String(decoding: whole.document, as: UTF8.self)
        for (old, new) in [
            ("\"dimension\":", "\"dimension\":9223372036854775807,\"x\":"), ("\"position\":", "\"position\":-5,\"x\":"),
            ("\"batchSize\":6", "\"batchSize\":9223372036854775807"), ("\"iteration\":", "\"iteration\":-1,\"x\":"),
        ] where text.contains(old) {
            let damaged = Checkpoint(document: Array(text.replacing(old, with: new).utf8), arrays: whole.arrays)
            #expect(throws: (any Error).self, "\(new)") {
                _ = try damaged.head()
                _ = try damaged.snapshot()
            }
        }
    }

    /// What people's tools need to read them.
    @Test func theFilesAreJSONAndSafetensors() throws {
        try withCheckpoints { folder, place in
            try write(folder, 10)
            let document = try place.json("iteration-10-attempt-1.json")
            #expect(document["iteration"] as? Int == 10)
            #expect(document["state"] is [String: Any])
            #expect((document["arrays"] as? [String: Any])?["file"] as? String == "iteration-10-attempt-1.safetensors")
            let bytes = try WholeFile.read(place.path("iteration-10-attempt-1.safetensors"))
            let file = try Safetensors(bytes, file: "arrays")
            #expect(file.tensors["upper"]?.values == .doubles([0.1]))
            guard case .floats(let values) = file.tensors["state.parameters"]?.values else {
                Issue.record("no floats")
                return
            }
            let written: [Float] = [1, .nan, -0.0]
            #expect(values.map(\.bitPattern) == written.map(\.bitPattern))
        }
    }

    @Test func aFullDiskLeavesNoHalfCheckpoint() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 500), to: "data.svm")
        // No file may be longer than a kilobyte: no checkpoint fits.
        let script =
            "ulimit -f 1; exec \(Workplace.program) train data.svm --output run --step sgd --step-size 1e-6 "
            + "--tolerance 0 --max-iterations 400 --checkpoint-every 0.001 --no-tensorboard"
        let outcome = try place.start(["bash", "-c", script]).wait()
        #expect(outcome.errors.components(separatedBy: "warning: no checkpoint: cannot write").count == 2)
        #expect(outcome.code == 1, "the model does not fit either")
        let folder = CheckpointFolder(path: place.path("run/checkpoints"))
        let files = try Folder.entries(of: folder.path)
        #expect(!files.contains { $0.hasPrefix("iteration-") })
        // With room, the same command starts over.
        let rest = try place.run([
            "train", "data.svm", "--output", "run", "--step", "sgd", "--step-size", "1e-6", "--tolerance", "0",
            "--max-iterations", "400",
        ])
        #expect(rest.code == 0, "\(rest.errors)")
        #expect(rest.output.contains("resume  from the beginning"))
        let lines = try place.read("run/metrics.jsonl").split(separator: "\n")
        #expect(lines.count == 400)
    }

    @Test func theIntervalFollowsTheCost() {
        let adaptive = SnapshotInterval.adaptive
        #expect(adaptive.seconds(after: 0.001) == 5)
        #expect(adaptive.seconds(after: 0.5) == 50)
        #expect(adaptive.seconds(after: 100) == 600)
        #expect(SnapshotInterval.fixed(7).seconds(after: 3) == 7)
    }

    @Test func aStartThatAnotherCameBeforeSaysSo() throws {
        let place = try Workplace()
        let folder = try RunFolder.prepare(output: place.path("run"), data: ["a"], overwrite: false, resume: true)
        _ = try RunAttempt(folder: folder, ranks: 1, threads: 1, expected: folder.lengthOfAttempts, patience: 0)
        #expect {
            try RunAttempt(folder: folder, ranks: 1, threads: 1, expected: folder.lengthOfAttempts, patience: 0)
        } throws: {
            "\($0)".contains("another start has begun")
        }
    }

    @Test func aStartThatWaitedForAnotherDoesNotBeginItsRunAgain() throws {
        let place = try Workplace()
        _ = try RunAttempt(
            folder: RunFolder(path: place.path("run"), overwrite: false), ranks: 1, threads: 1, patience: 0)
        let folder = try RunFolder.prepare(output: place.path("run"), data: ["a"], overwrite: false, resume: true)
        guard case .begun = folder.found else { return #expect(Bool(false), "\(folder.found)") }
        try place.write("{}", to: "run/checkpoints/iteration-5-attempt-1.json")
        try place.write("", to: "run/checkpoints/iteration-5-attempt-1.safetensors")
        #expect {
            try RunAttempt(folder: folder, ranks: 1, threads: 1, expected: folder.lengthOfAttempts, patience: 0)
        } throws: {
            "\($0)".contains("another start has begun")
        }
    }

    @Test func theLastStartOwnsTheFolder() throws {
        let place = try Workplace()
        let folder = try RunFolder.prepare(
            output: place.path("run"), data: ["a"], overwrite: false, resume: true)
        let first = try RunAttempt(folder: folder, ranks: 1, threads: 1, patience: 0)
        #expect(first.number == 1)
        #expect(first.ownsFolder)
        let second = try RunAttempt(folder: folder, ranks: 1, threads: 1, patience: 0)
        #expect(second.number == 2)
        #expect(second.ownsFolder)
        #expect(!first.ownsFolder)
        #expect(first.isLost)
        let status = StatusFile(attempt: first, ranks: 1, threads: 1, started: "")
        #expect(throws: LostRun.self) { try status.write(.running, iteration: 3, seconds: 1) }
        #expect(!place.exists("run/status.json"))
        // Half a line, as of a start that was killed, and a line that is none.
        let attempts = URL(fileURLWithPath: folder.attempts)
        try (Data(contentsOf: attempts) + Data("{\"attempt\":3,".utf8)).write(to: attempts)
        let third = try RunAttempt(folder: folder, ranks: 1, threads: 1, patience: 0)
        #expect(third.number == 3)
        #expect(third.ownsFolder)
        #expect(!second.ownsFolder)
    }

    @Test(arguments: [
        ("2025-01-31T14:25:01", true), ("2025-07-31T14:25:01", true), ("2025-01-31 14:25:01", false),
        ("14:25:01", false), ("N/A", false), ("2025-01-31T14:25", false),
    ]) func momentsOfSqueue(_ text: String, _ isOne: Bool) throws {
        let moment = Moment(argument: text)
        #expect((moment != nil) == isOne)
        guard let moment else { return }
        let format = DateFormatter()
        format.dateFormat = "yyyy-MM-dd'T'HH:mm:ss"
        #expect(format.string(from: Date(timeIntervalSince1970: moment.seconds)) == text)
    }

    @Test func momentsInSeconds() {
        #expect(Moment(argument: "@1738333501")?.seconds == 1_738_333_501)
        for text in ["@", "@-1", "@0", "@x", "@1.5", "1738333501", "@9999999999999999999999"] {
            #expect(Moment(argument: text) == nil, "\(text)")
        }
    }
}
