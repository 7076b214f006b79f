import Foundation
import TestSupport
import Testing

/// `--cache`: the same model, sooner; never an error.
@Suite struct CacheTests {
    private func train(_ place: Workplace, ranks: Int, _ run: String, _ more: [String] = []) throws -> Outcome {
        try place.run(
            ranks: ranks, ["train", "data.svm", "--max-iterations", "8", "--output", run, "--overwrite"] + more)
    }

    private func model(_ place: Workplace, _ run: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: place.path(run + "/model.safetensors")))
    }

    private func cacheFile(_ place: Workplace, _ folder: String) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path(folder))
        #expect(names.count == 1)
        return folder + "/" + (names.first ?? "")
    }

    @Test func theModelIsTheSame() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        for ranks in 1...4 {
            let plain = try train(place, ranks: ranks, "plain")
            #expect(plain.code == 0 && !plain.output.contains("cache "), "\(plain.errors)")
            // Written by one rank, read by one to four.
            let cached = try train(place, ranks: ranks, "cached", ["--cache", "kept"])
            #expect(cached.code == 0, "\(cached.errors)")
            #expect(cached.output.contains(ranks == 1 ? "cache   written to kept/" : "cache   read from kept/"))
            #expect(try model(place, "plain") == model(place, "cached"))
        }
        let again = try train(place, ranks: 1, "again", ["--cache", "kept", "--threads", "2"])
        #expect(again.output.contains("cache   read from kept/data.svm-"))
        #expect(try place.read("again/config.yaml").contains("cache: \"\(place.path("kept"))\""))
    }

    @Test func aDamagedOrOldOneIsReplaced() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        _ = try train(place, ranks: 2, "plain", ["--cache", "kept"])
        let path = try cacheFile(place, "kept")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: place.path(path)))
        bytes[bytes.count - 100] ^= 4
        try bytes.write(to: URL(fileURLWithPath: place.path(path)))
        let damaged = try train(place, ranks: 2, "damaged", ["--cache", "kept"])
        #expect(damaged.code == 0)
        #expect(damaged.output.contains("is damaged") && damaged.output.contains("cache   written to kept/"))
        #expect(try model(place, "plain") == model(place, "damaged"))
        try place.write(SampleData.binary(seed: 9), to: "data.svm")
        let changed = try train(place, ranks: 2, "changed", ["--cache", "kept"])
        #expect(changed.output.contains("is out of date") && changed.output.contains("cache   written to kept/"))
        #expect(try train(place, ranks: 2, "last", ["--cache", "kept"]).output.contains("cache   read from"))
    }

    @Test func aPlaceThatTakesNoneIsANote() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let outcome = try train(place, ranks: 2, "run", ["--cache", "data.svm/kept"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.components(separatedBy: "cache   not written: cannot make").count == 2)
    }

    @Test func aConfigurationFileMayNameIt() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        try place.write("data: data.svm\ncache: beside\noutput: run\nmax-iterations: 3\n", to: "c.yaml")
        let outcome = try place.run(["train", "--config", "c.yaml"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: place.folder)
        #expect(names.contains { $0.hasPrefix("data.svm-") && $0.hasSuffix(".cache") })
        #expect(try place.read("run/config.yaml").contains("cache: beside"))
    }
}
