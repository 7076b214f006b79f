import Glibc
import Testing

@testable import Datasets

/// Real files, where the environment variable CRESCENDO_DATA names their folder; skipped elsewhere.
@Suite struct RealDataTests {
    static let folder = getenv("CRESCENDO_DATA").map { String(cString: $0) }

    @Test(
        .enabled(if: folder != nil, "set CRESCENDO_DATA to the folder with the data sets"),
        arguments: [
            ("tiny/optdigits-1000.libsvm", 1000, 64), ("tiny/breast_cancer.std.libsvm", 569, 30),
            ("tiny/wine.std.libsvm", 178, 13), ("wordnet.lex45.libsvm.gz", 117_659, 79_703),
        ])
    func sizes(name: String, rows: Int, columns: Int) throws {
        let path = (Self.folder ?? "") + "/" + name
        #expect(try DataFile(path: path).format == .libsvm)
        let reader = try TextReader(stream: path)
        var (rowCount, columnCount) = (0, 0)
        while let chunk = try reader.next() {
            let block = try LIBSVMParser().parse(chunk)
            rowCount += block.rows
            columnCount = max(columnCount, block.columnCount)
        }
        #expect(rowCount == rows)
        #expect(columnCount == columns)
    }

    /// Against a reader that splits strings.
    @Test(.enabled(if: folder != nil, "set CRESCENDO_DATA to the folder with the data sets"))
    func equalsASlowReader() throws {
        let path = (Self.folder ?? "") + "/tiny/breast_cancer.std.libsvm"
        let bytes = try TextReader(stream: path).all().flatMap(\.bytes)
        let rows = try LIBSVMParser().parse(TextChunk(file: path, offset: 0, firstLine: 1, bytes: bytes)).plainRows
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        #expect(rows.count == lines.count)
        for (row, line) in zip(rows, lines) {
            let words = line.split(separator: " ")
            #expect(row.label == Double(words[0]))
            for word in words.dropFirst() {
                let pair = word.split(separator: ":")
                let (index, value) = (Int(pair[0]) ?? 0, strtod(String(pair[1]), nil))
                #expect(row.entries[index - 1] ?? 0 == value)
            }
        }
    }
}
