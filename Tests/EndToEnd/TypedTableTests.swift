import Foundation
import TestSupport
import Testing

/// Arrow, Feather and Parquet: the same model as from the CSV file that pandas writes of the table.
@Suite struct TypedTableTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("DatasetsTests/Fixtures")
    private static let columns = ["--label", "label", "--id", "name", "--weight", "weight"]

    private static func place() throws -> Workplace {
        let place = try Workplace()
        for name in ["table.csv", "file.arrow", "stream.arrow", "lz4.feather", "zstd.feather", "table.parquet"] {
            try FileManager.default.copyItem(
                at: fixtures.appendingPathComponent(name), to: URL(fileURLWithPath: place.path(name)))
        }
        return place
    }

    private func model(_ place: Workplace, _ data: String, ranks: Int) throws -> Data {
        let outcome = try place.run(
            ranks: ranks,
            ["train", data, "--max-iterations", "30", "--quiet", "--output", "run", "--overwrite"] + Self.columns)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return try Data(contentsOf: URL(fileURLWithPath: place.path("run/model.safetensors")))
    }

    @Test func theModelIsThatOfTheCSVFile() throws {
        let place = try Self.place()
        for ranks in 1...4 {
            let expected = try model(place, "table.csv", ranks: ranks)
            for name in ["file.arrow", "stream.arrow", "lz4.feather", "zstd.feather"] {
                #expect(try model(place, name, ranks: ranks) == expected, "\(name), \(ranks) ranks")
            }
        }
    }

    @Test(.enabled(if: hasPyarrow, "python3 has no pyarrow: pip install pyarrow, or name another in CRESCENDO_PYTHON"))
    func soItIsOfParquet() throws {
        let place = try Self.place()
        for ranks in 1...4 {
            #expect(
                try model(place, "table.parquet", ranks: ranks) == model(place, "table.csv", ranks: ranks), "\(ranks)")
        }
        var damaged = try Data(contentsOf: URL(fileURLWithPath: place.path("table.parquet")))
        for index in 100..<8000 { damaged[index] ^= 0x55 }
        try damaged.write(to: URL(fileURLWithPath: place.path("damaged.parquet")))
        for ranks in [1, 3] {
            let outcome = try place.run(ranks: ranks, ["train", "damaged.parquet", "--output", "no"] + Self.columns)
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("damaged.parquet: pyarrow cannot read it: "), "\(outcome.errors)")
        }
    }

    @Test func modelsAreForTablesOfAnyKind() throws {
        let place = try Self.place()
        var predictions: Set<String> = []
        for data in ["table.csv", "lz4.feather"] {
            _ = try model(place, data, ranks: 2)
            for new in ["table.csv", "stream.arrow", "zstd.feather"] {
                let outcome = try place.run(ranks: 2, ["predict", "--model", "run", new])
                #expect(outcome.code == 0, "\(outcome.errors)")
                predictions.insert(outcome.output)
            }
        }
        #expect(predictions.count == 1 && predictions.first?.contains("row 59") == true)
    }

    @Test func cachesKeepThem() throws {
        let place = try Self.place()
        for said in ["written to", "read from"] {
            let outcome = try place.run(
                ranks: 2,
                ["train", "lz4.feather", "--max-iterations", "3", "--cache", "kept", "--output", "run", "--overwrite"]
                    + Self.columns)
            #expect(outcome.output.contains("cache   \(said) kept/"), "\(outcome.output)\(outcome.errors)")
        }
    }

    /// One message that says what to install, and no process that stays.
    @Test(arguments: [1, 3]) func withoutPythonOrPyarrow(ranks: Int) throws {
        let place = try Self.place()
        let command = Workplace.command(ranks: ranks, ["train", "table.parquet", "--output", "no"] + Self.columns)
        let absent = try place.start(command, environment: ["CRESCENDO_PYTHON": "/no/python3"]).wait()
        #expect(absent.code == 1)
        #expect(absent.errors.contains("'/no/python3' on host ") && absent.errors.contains("pip install pyarrow"))
        // An interpreter that finds no packages at all.
        try place.write("#!/bin/sh\nshift\nexec python3 -S -I -c \"$@\"\n", to: "bare")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.path("bare"))
        let bare = try place.start(command, environment: ["CRESCENDO_PYTHON": place.path("bare")]).wait()
        #expect(bare.code == 1)
        #expect(bare.errors.contains("has none (No module named 'pyarrow')"), "\(bare.errors)")
        // One that ends by itself.
        try place.write("#!/bin/sh\necho it is broken >&2\nexit 1\n", to: "bare")
        let broken = try place.start(command, environment: ["CRESCENDO_PYTHON": place.path("bare")]).wait()
        #expect(broken.code == 1 && broken.errors.contains("ended: it is broken"), "\(broken.errors)")
    }
}

/// Whether Parquet files can be read here.
private let hasPyarrow: Bool = {
    let python = ProcessInfo.processInfo.environment["CRESCENDO_PYTHON"] ?? "python3"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", "import pyarrow.parquet"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()
