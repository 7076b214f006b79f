import Testing

@testable import Datasets

@Suite struct ImageTests {
    private func table(_ folder: ScratchFolder, _ shape: String, _ count: Int, wanted: String? = nil) throws
        -> ArrayTable
    {
        let data = NPYTests.bytes((1...count).map { UInt8($0) })
        let path = try folder.write("a.npy", NPYTests.npy("|u1", shape: shape, data: data))
        var options = NPYTests.predicting
        options.inputShape = wanted.flatMap { SampleShape($0) }
        return try ArrayTable(path: path, options: options)
    }

    @Test func channelsAreFoundWhereverTheyStand() throws {
        let folder = try ScratchFolder()
        let behind = try table(folder, "(2, 5, 6, 3)", 180)
        #expect(behind.shape == SampleShape("3x5x6"))
        let planes = (0..<90).map { Double($0 % 30 * 3 + $0 / 30) }
        #expect(Table.dense(try behind.read(0..<2)) == [planes.map { $0 + 1 }, planes.map { $0 + 91 }])
        let before = try table(folder, "(2, 3, 5, 6)", 180)
        #expect(before.shape == SampleShape("3x5x6"))
        #expect(Table.dense(try before.read(1..<2)) == [(91...180).map { Double($0) }])
        #expect(try table(folder, "(1, 5, 6, 1)", 30).shape == SampleShape("1x5x6"))
        #expect(try table(folder, "(2, 5, 6)", 60).shape == SampleShape("1x5x6"))
        for shape in ["(1, 3, 5, 3)", "(1, 5, 6, 7)"] {
            let text = message { _ = try table(folder, shape, 210) }
            #expect(text.contains("which extent of") && text.contains("`inputShape`"))
        }
        #expect(try table(folder, "(1, 5, 6, 7)", 210, wanted: "7x5x6").shape == SampleShape("7x5x6"))
        #expect(try table(folder, "(1, 5, 6, 7)", 210, wanted: "5x6x7").shape == SampleShape("5x6x7"))
    }

    @Test func zerosStandAroundSmallerImages() throws {
        let folder = try ScratchFolder()
        let padded = try table(folder, "(1, 2, 3)", 6, wanted: "1x5x6")
        #expect(padded.columns == 30)
        var wanted = [Double](repeating: 0, count: 30)
        for (place, value) in zip([7, 8, 9, 13, 14, 15], 1...6) { wanted[place] = Double(value) }
        #expect(Table.dense(try padded.read(0..<1)) == [wanted])
        let text = message { _ = try table(folder, "(1, 2, 3)", 6, wanted: "1x2x2") }
        #expect(text.contains("holds images of 2 × 3 values, not of 1x2x2") && text.contains("`inputShape` 1x2x3"))
        #expect(message { _ = try table(folder, "(1, 2, 3)", 6, wanted: "3x2x3") }.contains("not of 3x2x3"))
    }

    @Test(arguments: [false, true], [false, true]) func archivesNameTheirArrays(deflated: Bool, is64: Bool) throws {
        let folder = try ScratchFolder()
        func array(_ shape: String, _ values: ClosedRange<UInt8>) -> [UInt8] {
            NPYTests.npy("|u1", shape: shape, data: Array(values))
        }
        let members = [
            ("x_test.npy", array("(1, 2, 3)", 101...106)), ("y_test.npy", array("(1,)", 9...9)),
            ("x_train.npy", array("(3, 2, 3)", 1...18)), ("y_train.npy", array("(3, 1)", 4...6)),
            ("readme.txt", [1, 2]),
        ]
        let path = try folder.write("a.npz", ArrayBytes.zip(members, deflated: deflated, is64: is64))
        let file = try DataFile(path: path)
        #expect(file.format == .npz && file.isSequential == deflated)
        let training = try #require(file.array)
        #expect(training.shape == SampleShape("1x2x3"))
        #expect(try training.read(0..<3).labels == [4, 5, 6])
        #expect(Table.dense(try training.read(0..<3)).flatMap { $0 } == (1...18).map { Double($0) })
        var options = ReadOptions()
        options.isTraining = false
        #expect(try ArrayTable(path: path, options: options).read(0..<1).labels == [9])

        for names in [("x", "y"), ("train_images", "train_labels"), ("arr_0", "arr_1")] {
            let two = [(names.0 + ".npy", array("(3, 2)", 1...6)), (names.1 + ".npy", array("(3,)", 4...6))]
            let path = try folder.write("b.npz", ArrayBytes.zip(two, deflated: deflated, is64: is64))
            for isTraining in [true, false] {
                options.isTraining = isTraining
                #expect(try ArrayTable(path: path, options: options).read(0..<3).labels == [4, 5, 6])
            }
        }
        let strange = ArrayBytes.zip(
            [("a.npy", members[0].1), ("b.npy", members[1].1)], deflated: deflated, is64: is64)
        let other = try folder.write("c.npz", strange)
        #expect(message { _ = try DataFile(path: other) }.contains("which of its arrays are the rows? It has a, b"))
    }

    /// Any byte of an archive may be wrong: an error, or what was there, and never a crash.
    @Test func damagedArchivesAreRefused() throws {
        let folder = try ScratchFolder()
        let data = (0..<600).map { UInt8($0 * 7 % 256) }
        let members = [
            ("x.npy", NPYTests.npy("|u1", shape: "(100, 6)", data: data)),
            ("y.npy", NPYTests.npy("|u1", shape: "(100,)", data: Array(data[..<100]))),
        ]
        let whole = ArrayBytes.zip(members, deflated: true)
        func read(_ bytes: [UInt8]) throws -> RowBlock {
            let path = try folder.write("a.npz", bytes)
            return try ArrayTable(path: path, options: ReadOptions()).read(0..<100)
        }
        let right = try read(whole)
        for length in stride(from: 4, to: whole.count, by: 37) {
            #expect(message { _ = try read(Array(whole[..<length])) } != "no error")
        }
        var wrong = 0
        for place in stride(from: 4, to: whole.count, by: 11) {
            var bytes = whole
            bytes[place] ^= 0x41
            guard let block = try? read(bytes) else { continue }
            if block.values != right.values || block.labels != right.labels { wrong += 1 }
        }
        #expect(wrong == 0)
    }
}
