import Foundation
import Glibc
import Platform
import Testing

@testable import Datasets
@testable import Models

/// A model file comes in whole or not at all.
@Suite struct ModelDoorTests {
    private let folder: String
    private var path: String { folder + "/model.safetensors" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/door-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func cleaned<Result>(_ body: () throws -> Result) rethrows -> Result {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body()
    }

    /// One number, and a text column of three categories with an indicator: five features.
    private var example: ModelFile {
        let schema = TableSchema(
            columns: [
                .init(name: "a", position: 0, kind: .numeric(mean: 2), hasIndicator: false),
                .init(name: "b", position: 1, kind: .text(categories: ["x", "y", "z"]), hasIndicator: true),
            ], label: .init(name: "y", position: 2, names: ["no", "yes"]), weight: nil, ids: [],
            fileColumns: ["a", "b", "y"], hasHeader: true, missing: ["NA"], rows: 9, description: [])
        let preprocessing = Preprocessing(
            schema: schema, featureCount: 5,
            standardization: Standardization(
                kind: .zscore, mean: [1, 2, 3, 4, 5], scale: [1, 1, 1, 1, 2]), labels: .classes(["no", "yes"]),
            notes: [])
        return ModelFile(
            specification: ModelSpecification(kind: .logistic, featureCount: 5, classCount: 2),
            parameters: [1, 2, 3, 4, 5, 6], preprocessing: preprocessing, version: "0.1.0")
    }

    /// The text of the error with which a model of these parts is refused.
    private func refusal(_ change: (inout ModelFile) -> Void) throws -> String {
        var model = example
        change(&model)
        // As a forger would: the container and its checksum are whole.
        var file = Safetensors()
        let encoder = JSONEncoder()
        file.metadata = [
            "format": "crescendo", "crescendo_version": "0.1.0",
            "specification": String(decoding: try encoder.encode(model.specification), as: UTF8.self),
            "preprocessing": String(decoding: try encoder.encode(model.preprocessing), as: UTF8.self),
        ]
        ModelChecksum.prepare(&file.metadata)
        file.tensors["weights"] = .init(shape: [5, 1], values: .floats(Array(model.parameters[..<5])))
        file.tensors["intercepts"] = .init(shape: [1], values: .floats(Array(model.parameters[5...])))
        var bytes = try file.encoded()
        ModelChecksum.seal(&bytes)
        try AtomicFile.write(bytes, to: path)
        do {
            _ = try ModelFile.read(path)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func partsOfDifferentModelsAreRefused() throws {
        try cleaned {
            #expect(try refusal { _ in } == "")
            func scaling(_ mean: [Double], _ scale: [Double], _ kind: StandardizationKind = .zscore) -> Standardization
            {
                Standardization(kind: kind, mean: mean, scale: scale)
            }
            let ones = [Double](repeating: 1, count: 5)
            let changes: [(String, (inout ModelFile) -> Void)] = [
                ("a shorter mean", { $0.preprocessing.standardization = scaling([1], ones) }),
                ("a shorter scale", { $0.preprocessing.standardization = scaling(ones, [1, 2]) }),
                ("no scale", { $0.preprocessing.standardization = scaling(ones, []) }),
                ("a scale of 0", { $0.preprocessing.standardization = scaling(ones, [1, 1, 0, 1, 1]) }),
                ("a mean too many", { $0.preprocessing.standardization = scaling(ones, ones, .maxabs) }),
                ("a category less", { $0.preprocessing.schema?.columns[1].kind = .text(categories: ["x"]) }),
                ("a column less", { $0.preprocessing.schema?.columns.removeLast() }),
                ("a column outside", { $0.preprocessing.schema?.columns[0].position = 7 }),
                ("a negative column", { $0.preprocessing.schema?.label.position = -1 }),
                ("an identifier outside", { $0.preprocessing.schema?.ids = [3] }),
                ("a weight outside", { $0.preprocessing.schema?.weight = 1 << 40 }),
                ("fewer names of columns", { $0.preprocessing.schema?.fileColumns = ["a"] }),
                ("another number of features", { $0.preprocessing.featureCount = 4 }),
                ("no features", { $0.specification.featureCount = -1 }),
                (
                    "features beyond Int",
                    {
                        $0.specification.featureCount = .max
                        $0.preprocessing.featureCount = .max
                    }
                ),
                ("a class less", { $0.preprocessing.labels = .classes(["no"]) }),
                ("classes of a value", { $0.preprocessing.labels = .values(.none) }),
                (
                    "a scale of labels of 0",
                    {
                        $0.preprocessing.labels = .values(LabelScale(centre: 1, scale: 0))
                        $0.specification.classCount = 0
                    }
                ),
                ("other names of labels", { $0.preprocessing.schema?.label.names = ["yes"] }),
                ("another shape", { $0.preprocessing.sampleShape = SampleShape(channels: 1, height: 2, width: 3) }),
                ("another input", { $0.specification.input = SampleShape(channels: 1, height: 1, width: 4) }),
            ]
            for (name, change) in changes {
                let text = try refusal(change)
                #expect(text.contains(path) && text.contains("damaged"), "\(name): \(text)")
            }
        }
    }

    @Test func shapesBeyondIntAreRefused() throws {
        try cleaned {
            let text = try refusal {
                $0.preprocessing.sampleShape = SampleShape(channels: 1 << 40, height: 1 << 40, width: 1 << 40)
            }
            #expect(text.contains("its description cannot be read"), "\(text)")
        }
    }

    @Test func aChangedByteIsNoticed() throws {
        try cleaned {
            try example.write(to: path)
            let good = try WholeFile.read(path)
            #expect(try ModelFile.read(path) == example)
            for place in stride(from: 0, to: good.count, by: 3) {
                var bytes = good
                bytes[place] ^= 1
                try AtomicFile.write(bytes, to: path)
                #expect { try ModelFile.read(path) } throws: { "\($0)".contains(path) }
            }
            // Tensors last: a change there is still a model.
            let last = try #require(good.indices.last)
            var bytes = good
            bytes[last - 2] ^= 1
            try AtomicFile.write(bytes, to: path)
            #expect { try ModelFile.read(path) } throws: { "\($0)".contains("its checksum is wrong") }
        }
    }

    /// A name that looks like the checksum is not taken for it.
    @Test func theChecksumIsFoundBesideAnything() throws {
        try cleaned {
            var model = example
            model.notes = ["a": #""crc32":"12345678""#, "zz": #"{"crc32":"00000000"}"#]
            try model.write(to: path)
            #expect(try ModelFile.read(path) == model)
        }
    }

    /// Version 0.1.0 wrote none.
    @Test(arguments: ["logistic", "table", "softmax", "network", "convolution"])
    func modelsWithoutChecksumAreRead(name: String) throws {
        try cleaned {
            let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("Fuzz/corpus/model/\(name)")
            let model = try ModelFile.read(corpus.path)
            #expect(model.version == "0.1.0" && !model.parameters.isEmpty)
            try model.write(to: path)
            #expect(try ModelFile.read(path) == model)
        }
    }

    @Test func tensorsLieOneAfterTheOther() throws {
        func file(_ first: (Int, Int), _ second: (Int, Int)) -> [UInt8] {
            let json = Array(
                """
                {"a":{"dtype":"F32","shape":[\((first.1 - first.0) / 4)],"data_offsets":[\(first.0),\(first.1)]},\
                "b":{"dtype":"F32","shape":[\((second.1 - second.0) / 4)],"data_offsets":[\(second.0),\(second.1)]}}
                """.utf8)
            return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
                + [UInt8](repeating: 0, count: 16)
        }
        #expect(try Safetensors(file((0, 8), (8, 16)), file: "m").tensors.count == 2)
        #expect(try Safetensors(file((0, 16), (16, 16)), file: "m").tensors.count == 2)
        for (first, second) in [((0, 16), (0, 16)), ((0, 8), (4, 16)), ((0, 4), (8, 16)), ((4, 8), (8, 16))] {
            #expect { try Safetensors(file(first, second), file: "m") } throws: { "\($0)".contains("m is damaged") }
        }
    }

    @Test(arguments: [
        "dense 9223372036854775807", "dense 2147483647", "conv 2147483647 8x8", "conv 4 2147483647x2147483647",
        "pad 2147483647", "pad 9223372036854775807", "max-pool 9223372036854775807",
        "conv 1 1x1 stride=9999999999999999999",
    ])
    func layersBeyondAnyMemoryAreRefused(text: String) throws {
        #expect(throws: ModelError.self) {
            try NetworkDescription(layers: [text]).check(input: SampleShape(channels: 3, height: 8, width: 8))
        }
    }

    @Test func aPipeIsNotWaitedFor() throws {
        try cleaned {
            #expect(mkfifo(path, 0o600) == 0)
            #expect { try ModelFile.read(path) } throws: { "\($0)".contains("not a file") }
        }
    }
}
