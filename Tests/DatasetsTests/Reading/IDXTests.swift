import Testing

@testable import Datasets

@Suite struct IDXTests {
    private let pixels = (0..<24).map { UInt8($0 * 10 % 256) }

    @Test func imagesFindTheirLabels() throws {
        let folder = try ScratchFolder()
        let images = ArrayBytes.idx([4, 2, 3], pixels)
        let labels = ArrayBytes.idx([4], [3, 1, 4, 1])
        for (end, other) in [("", ""), (".gz", ".gz"), (".gz", ""), ("", ".gz")] {
            let folder = try ScratchFolder()
            let path = try folder.write(
                "train-images-idx3-ubyte" + end, end.isEmpty ? images : GzipTests.compress(images))
            try folder.write("train-labels-idx1-ubyte" + other, other.isEmpty ? labels : GzipTests.compress(labels))
            let file = try DataFile(path: path)
            #expect(file.format == .idx && file.isSequential == !end.isEmpty)
            let table = try #require(file.array)
            #expect(table.shape == SampleShape(channels: 1, height: 2, width: 3) && table.holdsBytes)
            let block = try table.read(0..<4)
            #expect(block.labels == [3, 1, 4, 1])
            #expect(Table.dense(block) == (0..<4).map { row in (0..<6).map { Double(pixels[row * 6 + $0]) } })
            #expect(block.nonZeros == 23)
            #expect(table.notes.contains { $0.hasPrefix("the labels are from") })
        }
        // A file of labels given wins over the one beside.
        let path = try folder.write("a-images", images)
        try folder.write("a-labels", labels)
        let other = try folder.write("other", ArrayBytes.idx([4], [9, 9, 9, 8]))
        #expect(try ArrayTable(path: path, options: ReadOptions(), labels: other).read(0..<4).labels == [9, 9, 9, 8])
    }

    @Test func everyElementType() throws {
        let folder = try ScratchFolder()
        let values = [-3, 0, 7, 100, 0, -128]
        let cases: [(UInt8, [UInt8])] = [
            (0x09, values.map { UInt8(bitPattern: Int8($0)) }),
            (0x0B, values.flatMap { ArrayBytes.bigEndian(Int16($0)) }),
            (0x0C, values.flatMap { ArrayBytes.bigEndian(Int32($0)) }),
            (0x0D, values.flatMap { ArrayBytes.bigEndian(Float($0).bitPattern) }),
            (0x0E, values.flatMap { ArrayBytes.bigEndian(Double($0).bitPattern) }),
        ]
        for (type, data) in cases {
            let path = try folder.write("a", ArrayBytes.idx([2, 3], type: type, data))
            let table = try ArrayTable(path: path, options: NPYTests.predicting)
            #expect(table.shape == nil && !table.holdsBytes)
            #expect(Table.dense(try table.read(0..<2)) == [[-3, 0, 7], [100, 0, -128]])
        }
    }

    /// Each names the file, what is wrong and what to do.
    @Test func refuses() throws {
        let folder = try ScratchFolder()
        let whole = ArrayBytes.idx([4, 2, 3], pixels)
        let labels = ArrayBytes.idx([4], [3, 1, 4, 1])
        func found(_ bytes: [UInt8], labels: [UInt8] = ArrayBytes.idx([4], [3, 1, 4, 1])) throws -> [String] {
            try ["", ".gz"].map { end in
                let folder = try ScratchFolder()
                let path = try folder.write(
                    "t-images-idx3-ubyte" + end, end.isEmpty ? bytes : GzipTests.compress(bytes))
                try folder.write("t-labels-idx1-ubyte" + end, end.isEmpty ? labels : GzipTests.compress(labels))
                return message {
                    let table = try #require(try DataFile(path: path).array)
                    _ = try table.read(0..<table.rows)
                }
            }
        }
        for text in try found(Array(whole.dropLast(5))) {
            #expect(
                text.contains("t-images-idx3-ubyte") && text.contains("is cut off") && text.contains("copy it again"))
        }
        for text in try found(whole + [1]) { #expect(text.contains("holds more bytes than the 4 × 2 × 3 values")) }
        for text in try found([0x1F, 0x00] + whole.dropFirst(2)) {
            #expect(text.contains("is neither a NumPy nor an IDX array: it starts with the bytes 1f 00 08 03"))
        }
        for text in try found(Array(whole[..<9])) { #expect(text.contains("the IDX header is cut off")) }
        for text in try found(whole, labels: ArrayBytes.idx([5], [3, 1, 4, 1, 5])) {
            #expect(text.contains("t-labels-idx1-ubyte") && text.contains("has 5 labels, but"))
        }
        for text in try found(whole, labels: Array(labels.dropLast())) { #expect(text.contains("is cut off")) }
        for text in try found(whole, labels: whole) { #expect(text.contains("has shape (4, 2, 3); one label per row")) }
        for text in try found(labels) { #expect(text.contains("has shape (4); a two-dimensional array")) }
        let half = try folder.write("h-images.gz", Array(GzipTests.compress(whole).dropLast(9)))
        #expect(
            message { _ = try ArrayTable(path: half, options: NPYTests.predicting).read(0..<4) }.contains(
                "ends too early")
        )
        let alone = try folder.write("alone", whole)
        #expect(
            message { _ = try ArrayTable(path: alone, options: ReadOptions()) }.contains("which labels? Give `labels`"))
        let svm = try folder.write("a.svm", "1 1:2\n")
        #expect(message { _ = try DataFile(path: svm, labels: alone) }.contains("`labels` is for arrays"))
    }
}
