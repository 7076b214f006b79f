import Datasets
import Foundation
import Platform
import Testing

@testable import Models

@Suite struct ModelFileTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private var example: ModelFile {
        let preprocessing = Preprocessing(
            schema: nil, featureCount: 2,
            standardization: Standardization(kind: .zscore, mean: [10, -1], scale: [2, 0.5]),
            labels: .classes(["no", "maybe", "yes \"é\""]), notes: ["a note"])
        return ModelFile(
            specification: ModelSpecification(kind: .softmax, featureCount: 2, classCount: 3),
            parameters: [1, 2, 3, 4, 5, 6, 0.5, -0.5, 0.1], preprocessing: preprocessing, version: "1.2.3",
            notes: ["objective": "0.25"])
    }

    @Test func whatIsWrittenIsRead() throws {
        try inFolder { folder in
            let path = folder + "/model.safetensors"
            try example.write(to: path)
            #expect(try ModelFile.read(path) == example)
            // Overwriting leaves one file.
            var second = example
            second.parameters[0] = -7
            try second.write(to: path)
            #expect(try ModelFile.read(path) == second)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["model.safetensors"])
        }
    }

    /// The layout others read: length, JSON header, tensors in original units beside the trained ones.
    @Test func theFileIsSafetensors() throws {
        try inFolder { folder in
            let path = folder + "/model.safetensors"
            try example.write(to: path)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let length = Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16
            #expect(length % 8 == 0)
            let header = try #require(
                try JSONSerialization.jsonObject(with: bytes[8..<8 + length]) as? [String: [String: Any]])
            let metadata = try #require(header["__metadata__"] as? [String: String])
            #expect(metadata["model"] == "softmax")
            #expect(metadata["crescendo_version"] == "1.2.3")
            #expect(metadata["class_labels"] == #"["no","maybe","yes \"é\""]"#)
            #expect(metadata["objective"] == "0.25")
            func tensor(_ name: String) throws -> [Double] {
                let entry = try #require(header[name])
                let range = try #require(entry["data_offsets"] as? [Int])
                let data = bytes[(8 + length + range[0])..<(8 + length + range[1])]
                return data.withUnsafeBytes { raw in
                    entry["dtype"] as? String == "F64"
                        ? (0..<raw.count / 8).map { raw.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
                        : (0..<raw.count / 4).map {
                            Double(raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self))
                        }
                }
            }
            #expect(header["weights"]?["shape"] as? [Int] == [2, 3])
            #expect(try tensor("weights") == [1, 2, 3, 4, 5, 6])
            #expect(try tensor("intercepts") == example.parameters[6...].map { Double($0) })
            #expect(try tensor("mean") == [10, -1])
            #expect(try tensor("scale") == [2, 0.5])
            // Margins from raw features with the coefficients, and from standardised ones with the weights.
            let coefficients = try tensor("coefficients")
            let intercepts = try tensor("coefficient_intercepts")
            let raw = [13.0, 4]
            let scaled = [(13.0 - 10) / 2, (4.0 + 1) / 0.5]
            for c in 0..<3 {
                let original = intercepts[c] + raw[0] * coefficients[c] + raw[1] * coefficients[3 + c]
                let trained =
                    Double(example.parameters[6 + c]) + scaled[0] * Double(example.parameters[c])
                    + scaled[1] * Double(example.parameters[3 + c])
                #expect(abs(original - trained) <= 1e-9)
            }
        }
    }

    @Test func everyTruncationIsRefused() throws {
        try inFolder { folder in
            let path = folder + "/model.safetensors"
            try example.write(to: path)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            for length in [0, 5, 8, 20, bytes.count / 2, bytes.count - 1] {
                try bytes[..<length].write(to: URL(fileURLWithPath: path))
                #expect { try ModelFile.read(path) } throws: { "\($0)".contains(path) && $0 is ModelError }
            }
            try (bytes + Data([0])).write(to: URL(fileURLWithPath: path))
            #expect { try ModelFile.read(path) } throws: { "\($0)".contains("damaged") }
        }
    }

    @Test func damagedBytesNeverCrash() throws {
        try inFolder { folder in
            let path = folder + "/model.safetensors"
            try example.write(to: path)
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            var random = Generator(state: 4)
            for _ in 0..<300 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                do {
                    _ = try Safetensors(damaged, file: "model")
                } catch { #expect(error is ModelError) }
            }
        }
    }

    @Test func otherFilesAreRefused() throws {
        try inFolder { folder in
            #expect { try ModelFile.read(folder + "/none") } throws: { "\($0)".contains("No such file") }
            #expect { try ModelFile.read(folder) } throws: { "\($0)".contains("not a file") }
            let path = folder + "/data.svm"
            try Data("1 1:0.5 2:0.25\n".utf8).write(to: URL(fileURLWithPath: path))
            #expect { try ModelFile.read(path) } throws: { "\($0)".contains("not a model file") }
            var foreign = Safetensors()
            foreign.tensors["weights"] = .init(shape: [1], values: .floats([1]))
            try AtomicFile.write(try foreign.encoded(), to: path)
            #expect { try ModelFile.read(path) } throws: { "\($0)".contains("not one that crescendo wrote") }
        }
    }

    @Test func aModelThatIsNotFiniteIsRefused() throws {
        try inFolder { folder in
            var model = example
            model.parameters[3] = .nan
            try model.write(to: folder + "/m")
            #expect { try ModelFile.read(folder + "/m") } throws: { "\($0)".contains("not finite") }
        }
    }

    @Test func anUnwritablePlaceIsNamed() {
        #expect { try example.write(to: "/nowhere/at/all/model") } throws: { "\($0)".contains("/nowhere/at/all/model") }
    }

    @Test func predictsClassesAndValues() throws {
        let data = TestData(rows: 3, columns: 2, labels: .classes(3))
        let outputs = try example.predict(data.dataset(sparse: false))
        #expect(outputs.count == 9)
        outputs.withUnsafeBufferPointer { outputs in
            for row in 0..<3 {
                let row = UnsafeBufferPointer(rebasing: outputs[3 * row..<3 * row + 3])
                #expect(abs(row.reduce(0, +) - 1) <= 1e-6)
                let best = example.specification.predictedClass(row)
                #expect(best.map { row[$0] } == row.max())
            }
        }
        func predicted(_ kind: ModelKind, _ value: Float) -> Int? {
            [value].withUnsafeBufferPointer {
                ModelSpecification(kind: kind, featureCount: 1, classCount: 2).predictedClass($0)
            }
        }
        #expect(predicted(.logistic, 0.6) == 1 && predicted(.logistic, 0.4) == 0)
        #expect(predicted(.squaredHinge, 0.1) == 1 && predicted(.squaredHinge, -0.1) == 0)
        #expect(predicted(.ridge, 0.6) == nil)
    }
}
