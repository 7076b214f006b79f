import Testing

@testable import Datasets

@Suite struct NPYTests {
    /// The bytes of an NPY file.
    static func npy(
        _ descr: String, fortran: Bool = false, shape: String, version: UInt8 = 1, data: [UInt8]
    ) -> [UInt8] {
        var text = "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
        let start = version == 1 ? 10 : 12
        while (start + text.utf8.count + 1) % 64 != 0 { text += " " }
        text += "\n"
        let length = UInt32(text.utf8.count)
        let sizes = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: length >> (8 * UInt32($0))) }
        return NPYHeader.magic + [version, 0] + sizes + Array(text.utf8) + data
    }

    static func bytes<Element>(_ values: [Element]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

    static func options(_ change: (inout ReadOptions) -> Void) -> ReadOptions {
        var options = ReadOptions()
        change(&options)
        return options
    }

    static let predicting = options { $0.allowMissingLabels = true }

    @Test(arguments: [UInt8(1), 2, 3])
    func everyElementTypeAndVersion(version: UInt8) throws {
        let folder = try ScratchFolder()
        func check(_ descr: String, _ data: [UInt8]) throws {
            let path = try folder.write("a.npy", Self.npy(descr, shape: "(2, 3)", version: version, data: data))
            #expect(try DataFile(path: path, options: Self.predicting).format == .npy)
            let block = try ArrayTable(path: path, options: Self.predicting).read(0..<2)
            #expect(Table.dense(block) == [[1, 0, 0], [1, 1, 0]], "\(descr)")
            #expect(block.labels.allSatisfy(\.isNaN) && block.values.count == 3)
        }
        let pattern = [1, 0, 0, 1, 1, 0]
        try check("<f4", Self.bytes(pattern.map(Float.init)))
        try check("<f8", Self.bytes(pattern.map(Double.init)))
        try check("|i1", Self.bytes(pattern.map(Int8.init)))
        try check("<i2", Self.bytes(pattern.map(Int16.init)))
        try check("<i4", Self.bytes(pattern.map(Int32.init)))
        try check("<i8", Self.bytes(pattern.map(Int64.init)))
        try check("|u1", Self.bytes(pattern.map(UInt8.init)))
        try check("<u2", Self.bytes(pattern.map(UInt16.init)))
        try check("<u4", Self.bytes(pattern.map(UInt32.init)))
        try check("<u8", Self.bytes(pattern.map(UInt64.init)))
        try check("|b1", Self.bytes(pattern.map(UInt8.init)))
    }

    /// Ranges of rows in C and Fortran order, with and without a label column, against plain indexing.
    @Test func rangesOfRowsInBothOrders() throws {
        let folder = try ScratchFolder()
        let (rows, columns) = (7, 5)
        let value = { (row: Int, column: Int) in Double((row * 31 + column * 17) % 11) - 3.5 }
        let inRows = (0..<rows * columns).map { value($0 / columns, $0 % columns) }
        let inColumns = (0..<rows * columns).map { value($0 % rows, $0 / rows) }
        let c = try folder.write("c.npy", Self.npy("<f8", shape: "(7, 5)", data: Self.bytes(inRows)))
        let f = try folder.write("f.npy", Self.npy("<f8", fortran: true, shape: "(7, 5)", data: Self.bytes(inColumns)))
        for label in [nil, 1, 3, 5, -1] {
            let options = Self.options {
                $0.label = label.map(String.init)
                $0.allowMissingLabels = true
            }
            let place = label.map { $0 < 0 ? columns - 1 : $0 - 1 }
            for range in [0..<7, 0..<0, 2..<3, 3..<7] {
                let wanted = range.map { row in (0..<columns).filter { $0 != place }.map { value(row, $0) } }
                for path in [c, f] {
                    let file = try ArrayTable(path: path, options: options)
                    #expect(file.rows == 7 && file.columns == (place == nil ? 5 : 4))
                    let block = try file.read(range)
                    #expect(Table.dense(block) == wanted)
                    if let place { #expect(block.labels == range.map { value($0, place) }) }
                }
            }
        }
    }

    @Test func labelsFromASecondFile() throws {
        let folder = try ScratchFolder()
        let x = try folder.write("x.npy", Self.npy("<f4", shape: "(3, 1)", data: Self.bytes([1, 2, 3] as [Float])))
        let y = try folder.write("y.npy", Self.npy("<i8", shape: "(3,)", data: Self.bytes([7, 8, 9] as [Int64])))
        let file = try ArrayTable(path: x, options: ReadOptions(), labels: y)
        #expect(try file.read(1..<3).labels == [8, 9])
        let short = try folder.write("s.npy", Self.npy("<i8", shape: "(2,)", data: Self.bytes([7, 8] as [Int64])))
        let found = message { _ = try ArrayTable(path: x, options: ReadOptions(), labels: short) }
        #expect(found == "\(short): has 2 labels, but \(x) has 3 rows: give the labels of these rows")
        let both = message {
            _ = try ArrayTable(path: x, options: Self.options { $0.label = "1" }, labels: y)
        }
        #expect(both.contains("`label` and `labels` both give the labels"))
    }

    @Test func refuses() throws {
        let folder = try ScratchFolder()
        let four = Self.bytes([1, 2, 3, 4] as [Float])
        func found(_ bytes: [UInt8], _ options: ReadOptions = NPYTests.predicting) throws -> String {
            let path = try folder.write("a.npy", bytes)
            return message { _ = try ArrayTable(path: path, options: options).read(0..<1) }
        }
        #expect(try found(Self.npy("<c8", shape: "(2, 2)", data: four + four)).contains("element type '<c8', complex"))
        #expect(try found(Self.npy("<f4", shape: "(4,)", data: four)).contains("has shape (4); a two-dimensional"))
        #expect(try found(Self.npy("<f4", shape: "(0, 2)", data: [])).contains("has shape (0, 2)"))
        #expect(
            try found(Self.npy("<f4", shape: "(3, 2)", data: four)).contains("is cut off: 16 bytes of data, but 3 × 2"))
        #expect(
            try found(Self.npy("<f4", shape: "(9999999999999, 9999999999999)", data: four))
                .contains("9999999999999 × 9999999999999 f4, more than any file holds"))
        #expect(try found(Self.npy("<f4", shape: "(2, -2)", data: four)).contains("header is not understood"))
        #expect(try found(NPYHeader.magic + [1, 0, 200, 0, 0x7B]).contains("header is cut off"))
        #expect(try found(NPYHeader.magic + [9, 0, 4, 0] + four).contains("NPY version 9"))
        #expect(try found(Array("x,y\n1,2 and more\n".utf8)).contains("is neither a NumPy nor an IDX array"))
        let plain = Self.npy("<f4", shape: "(2, 2)", data: four)
        #expect(try found(plain, ReadOptions()).contains("which labels? Give `label` NUMBER"))
        #expect(try found(plain, Self.options { $0.label = "3" }).contains("`label` 3: there are 2 columns"))
        let infinite = Self.npy("<f4", shape: "(2, 2)", data: Self.bytes([1, .infinity, 3, 4] as [Float]))
        #expect(try found(infinite).contains("row 1, column 2: inf is not a finite number"))
    }
}
