import Testing

@testable import Datasets

/// Which arrays of an archive are taken for the rows and the labels.
@Suite struct ArrayNamesTests {
    private func rows(_ names: String, training: Bool = true) -> String {
        let names = names.split(separator: " ").map(String.init)
        return switch ArrayNames.rows(names, isTraining: training) {
        case .none: "none"
        case .one(let index, _): names[index]
        case .several(let several): "several: " + several.map { names[$0] }.joined(separator: " ")
        }
    }

    @Test func exactNamesComeFirst() {
        #expect(rows("x y x_scaled") == "x")
        #expect(rows("raw_data X y") == "X")
        #expect(rows("x_train_raw x_train y_train") == "x_train")
        #expect(rows("images x y") == "x")
        #expect(rows("x_mean x_std data y") == "data")
        #expect(rows("data features y") == "several: data features")
        #expect(rows("x_mean x_std y") == "several: x_mean x_std")
        #expect(rows("my_images y") == "my_images")
        #expect(rows("a b") == "none")
    }

    /// Rows of no part are trained on before those to test on.
    @Test func partsHaveAnOrder() {
        #expect(rows("x_test x_val x_train") == "x_train")
        #expect(rows("x x_test y y_test") == "x")
        #expect(rows("x x_test y y_test", training: false) == "x_test")
        #expect(rows("x_test") == "x_test" && rows("x_train", training: false) == "x_train")
    }

    private static func archive(_ folder: ScratchFolder) throws -> String {
        func array(_ rows: Int, _ first: UInt8) -> [UInt8] {
            NPYTests.npy("|u1", shape: "(\(rows), 2)", data: (0..<2 * rows).map { first + UInt8($0) })
        }
        let labels = NPYTests.npy("|u1", shape: "(3,)", data: [4, 5, 6])
        return try folder.write(
            "a.npz",
            ArrayBytes.zip(
                [
                    ("data_a.npy", array(3, 1)), ("data_b.npy", array(3, 11)), ("label_a.npy", labels),
                    ("label_b.npy", labels),
                ], deflated: false))
    }

    @Test func oneIsChosenByItsName() throws {
        let folder = try ScratchFolder()
        let path = try Self.archive(folder)
        #expect(
            message { _ = try DataFile(path: path) }
                .contains("which of its arrays are the rows? It has data_a, data_b: choose one, as \(path):data_a"))
        #expect(
            message { _ = try DataFile(path: path + ":data_b") }
                .contains("which of label_a, label_b are the labels? Choose one: `labels` \(path):label_a"))
        let file = try DataFile(path: path + ":data_b", labels: path + ":label_b.npy")
        #expect(file.format == .npz && file.filePath == path && file.path == path + ":data_b")
        let block = try #require(file.array).read(0..<3)
        #expect(Table.dense(block) == [[11, 12], [13, 14], [15, 16]] && block.labels == [4, 5, 6])
        #expect(message { _ = try DataFile(path: path + ":c") }.contains("no array called 'c'; it has data_a, data_b"))
    }

    @Test func aColonMayBePartOfAFilesName() throws {
        let folder = try ScratchFolder()
        let path = try Self.archive(folder)
        let other = try folder.write("b.npz:data_a", "1 1:2\n")
        #expect(ArrayPath(other).file == other && ArrayPath(other).name == nil)
        #expect(ArrayPath(path + ":x:y").file == path && ArrayPath(path + ":x:y").name == "x:y")
        #expect(ArrayPath(path + ":").name == nil && ArrayPath("no:such").file == "no:such")
        #expect(message { _ = try DataFile(path: "no:such") }.contains("no:such: cannot open"))
    }
}
