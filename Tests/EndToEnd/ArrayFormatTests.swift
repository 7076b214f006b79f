import Foundation
import TestSupport
import Testing

@testable import Datasets

/// The same rows as text and as NumPy, SciPy, h5py and AnnData write them (Tests/Fixtures/make-arrays.py) give the same
/// model, byte for byte, at 1 to 4 ranks.
@Suite struct ArrayFormatTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/arrays").path
    private static let hasHDF5: ConditionTrait = .enabled(
        if: HDF5Library.isThere, "the HDF5 library (Debian package libhdf5-103-1) is not installed")

    private func path(_ name: String) -> String { Self.folder + "/" + name }

    /// A model's numbers, and the names of its classes.
    private struct Model: Equatable {
        var numbers: Data
        var classes: String
    }

    private func train(_ place: Workplace, _ arguments: [String], ranks: Int) throws -> Model {
        let run = "run-\(UUID().uuidString)"
        let outcome = try place.run(
            ranks: ranks, ["train"] + arguments + ["--max-iterations", "12", "--output", run, "--quiet"])
        #expect(outcome.code == 0, "\(arguments): \(outcome.errors)")
        let file = try Data(contentsOf: URL(fileURLWithPath: place.path(run + "/model.safetensors")))
        let head = 8 + (0..<8).reduce(0) { $0 | Int(file[$1]) << (8 * $1) }
        let json = try JSONSerialization.jsonObject(with: file[8..<head]) as? [String: Any]
        let notes = json?["__metadata__"] as? [String: String]
        return Model(numbers: file[head...], classes: notes?["class_labels"] ?? "")
    }

    private func expectOneModel(_ text: [String], _ ways: [[String]], ranks: [Int] = [1, 2, 3, 4]) throws {
        let place = try Workplace()
        let wanted = try train(place, text, ranks: 1)
        for way in ways {
            for count in ranks {
                #expect(try train(place, way, ranks: count) == wanted, "\(way), \(count) ranks")
            }
        }
    }

    @Test(hasHDF5) func denseRowsOfHDF5() throws {
        let (dense, chunked) = (path("dense.h5"), path("chunked.h5"))
        try expectOneModel(
            [path("dense.csv"), "--label", "y"],
            [[dense], [chunked + ":/rows", "--labels", chunked + ":/truth"]])
        try expectOneModel(
            [path("dense.csv"), "--label", "y"],
            [[chunked + ":big", "--labels", dense + ":y"], [dense + ":/x", "--labels", path("y.npy")]], ranks: [3])
    }

    @Test func sparseRowsOfSciPy() throws {
        let labels = ["--labels", path("y.npy")]
        try expectOneModel(
            [path("sparse.svm")], ["csr.npz", "csr-stored.npz"].map { [path($0)] + labels })
        try expectOneModel([path("sparse.svm")], ["csc.npz", "coo.npz"].map { [path($0)] + labels }, ranks: [1, 3])
    }

    @Test(hasHDF5) func sparseRowsOfAnnData() throws {
        // The target is found by its name.
        try expectOneModel([path("sparse.svm")], [[path("cells.h5ad")]])
    }

    @Test func namesOfClasses() throws {
        try expectOneModel(
            [path("names.csv"), "--label", "y"],
            ["names.npz", "names-big.npz", "names-bytes.npz"].map { [path($0)] }, ranks: [1, 3])
    }

    @Test(hasHDF5) func namesOfClassesInHDF5() throws {
        let (rows, file) = (path("dense.h5"), path("chunked.h5"))
        try expectOneModel(
            [path("names.csv"), "--label", "y"],
            [
                [rows, "--labels", file + ":/variable"], [rows, "--labels", file + ":/fixed"],
                [rows, "--labels", path("cells.h5ad") + ":/obs/tree"],
            ], ranks: [1, 2])
    }

    @Test(hasHDF5) func imagesOfHDF5() throws {
        let network = ["--network", "conv 2 3x3", "--network", "relu", "--validation", "0"]
        try expectOneModel([path("images.npz")] + network, [[path("images.h5")] + network], ranks: [2])
    }

    @Test(hasHDF5) func everyTypeOfNumber() throws {
        let place = try Workplace()
        let options = ["--label", "1", "--model", "ridge"]
        let file = path("types.h5")
        let wanted = try train(place, [file + ":/f4"] + options, ranks: 1)
        for name in ["bfloat", "f2", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f16"] {
            for chunks in name == "bfloat" ? [""] : ["", "-chunks"] {
                #expect(
                    try train(place, [file + ":/" + name + chunks] + options, ranks: 1) == wanted, "\(name + chunks)")
            }
        }
    }

    @Test(hasHDF5) func whatHDF5CannotGiveIsSaid() throws {
        let place = try Workplace()
        func refusal(_ name: String) throws -> String {
            try place.run(ranks: 2, ["train", path(name), "--labels", path("y.npy"), "--output", "o"]).errors
        }
        #expect(try refusal("chunked.h5").contains("/rows"))
        #expect(try refusal("chunked.h5:/complex").contains("(/complex): holds records of named fields"))
        #expect(try refusal("chunked.h5:/lzf").contains("filter lzf (number 32000), which HDF5 does not have here"))
        #expect(try refusal("chunked.h5:/nothing").contains("has nothing called '/nothing'; it has /big"))
        #expect(try refusal("cells.h5ad:/obs").contains("/obs is a group (dataframe)"))
        // Written by HDF5 2.0 with libver="latest": an older library opens the file, and not this dataset.
        let latest = try place.run(ranks: 2, ["train", path("latest.h5"), "--output", "latest"])
        #expect(
            latest.code == 0 || latest.errors.contains("'/x' cannot be opened by the HDF5 library here"),
            "\(latest.errors)")
        let whole = try Data(contentsOf: URL(fileURLWithPath: path("dense.h5")))
        try whole[..<3000].write(to: URL(fileURLWithPath: place.path("short.h5")))
        let short = try place.run(ranks: 2, ["train", "short.h5", "--output", "o"])
        #expect(short.code == 1 && short.errors.contains("truncated file") && !short.errors.contains("HDF5-DIAG"))
    }

    /// Cache, several files, a test set and predictions.
    @Test(hasHDF5) func theRestIsAsForOtherArrays() throws {
        let place = try Workplace()
        let file = path("dense.h5")
        let options = [
            file + ":/x", path("chunked.h5") + ":/rows", "--labels", file + ":/y", "--labels", file + ":/y", "--test",
            file,
            "--cache", "cache", "--max-iterations", "3",
        ]
        let first = try place.run(ranks: 2, ["train"] + options + ["--output", "a"])
        #expect(first.code == 0 && first.output.contains("180 rows × 7") && first.output.contains("test  "))
        let second = try place.run(ranks: 3, ["train"] + options + ["--output", "b"])
        #expect(second.output.contains("read from cache/dense.h5-"))
        let predicted = try place.run(ranks: 2, ["predict", "--model", "a", file + ":/x"])
        #expect(predicted.code == 0 && predicted.output.split(separator: "\n").count >= 90)
        let sparse = try place.run(ranks: 2, ["predict", "--model", "a", path("csr.npz")])
        #expect(sparse.code == 0 && sparse.output.split(separator: "\n").count >= 90)
    }
}
