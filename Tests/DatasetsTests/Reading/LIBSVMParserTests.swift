import Testing

@testable import Datasets

@Suite struct LIBSVMParserTests {
    static func parse(_ text: String, _ change: (inout ReadOptions) -> Void = { _ in }) throws -> RowBlock {
        var options = ReadOptions()
        change(&options)
        return try LIBSVMParser(options: options).parse(
            TextChunk(file: "data.svm", offset: 0, firstLine: 1, bytes: Array(text.utf8)))
    }

    static func message(_ text: String, _ change: (inout ReadOptions) -> Void = { _ in }) -> String {
        do {
            _ = try parse(text, change)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func readsRows() throws {
        let block = try Self.parse("+1 1:0.5 3:-2e1 # note 7:7\r\n\n# only a comment\n-1\n2.5\t2:.25 4:0 5:1")
        #expect(block.labels == [1, -1, 2.5])
        #expect(block.rowOffsets == [0, 2, 2, 4])
        #expect(block.columns == [0, 2, 1, 4])
        #expect(block.values == [0.5, -20, 0.25, 1])
        #expect(block.columnCount == 5)
    }

    @Test func sortsIndicesAndSaysSo() throws {
        let block = try Self.parse("1 3:3 1:1 2:2\n0 1:1\n")
        #expect(block.columns == [0, 1, 2, 0])
        #expect(block.values == [1, 2, 3, 1])
        #expect(block.tally.unsortedRows == 1)
    }

    @Test func passesOverQueryIDs() throws {
        let block = try Self.parse("1 qid:3 1:4\n")
        #expect(block.values == [4])
        #expect(block.tally.queryIDs == 1)
    }

    @Test func zeroBasedIndices() throws {
        let block = try Self.parse("1 0:4 2:5\n") { $0.zeroBased = true }
        #expect(block.columns == [0, 2])
        #expect(block.columnCount == 3)
    }

    @Test func rowsWithoutLabelWhereAllowed() throws {
        let block = try Self.parse("1:4\n2 1:5\n") { $0.allowMissingLabels = true }
        #expect(block.labels[0].isNaN)
        #expect(block.labels[1] == 2)
        #expect(block.values == [4, 5])
    }

    @Test(arguments: [
        ("1 1:2\nabc 1:2\n", "data.svm:2: the label 'abc' is not a number"),
        ("1 1:2\nnan 1:2\n", "data.svm:2: the label 'nan' is not a finite number"),
        ("inf 1:2\n", "data.svm:1: the label 'inf' is not a finite number"),
        ("1e999 1:2\n", "data.svm:1: the label '1e999' is not a finite number"),
        ("1,2 1:2\n", "data.svm:1: the label '1,2' is not a number"),
        ("\n\n1:2 2:3\n", "data.svm:3: the line starts with '1:2': the label is missing"),
        ("1 12\n", "data.svm:1: '12' is not index:value (there is no colon)"),
        ("1 a:12\n", "data.svm:1: 'a:12' is not index:value (the index must be a whole number)"),
        ("1 :12\n", "data.svm:1: ':12' is not index:value"),
        ("1 1.5:12\n", "data.svm:1: '1.5:12' is not index:value"),
        ("1 0:12\n", "data.svm:1: '0:12': indices start at 1; for data whose indices start at 0 give `zeroBased`"),
        ("1 -3:12\n", "data.svm:1: '-3:12': an index cannot be below 1"),
        ("1 1:1\r\n1 2147483648:12\r\n", "data.svm:2: '2147483648:12': the index is larger than 2147483647"),
        ("1 99999999999999999999999:1\n", "the index is larger than 2147483647"),
        ("1 1:x\n", "data.svm:1: '1:x': the value is not a number"),
        ("1 1:\n", "data.svm:1: '1:': the value is not a number"),
        ("1 1:1:2\n", "data.svm:1: '1:1:2': the value is not a number"),
        ("1 1:1e\n", "data.svm:1: '1:1e': the value is not a number"),
        ("1 1:0x10\n", "data.svm:1: '1:0x10': the value is not a number"),
        ("1 1:NaN\n", "data.svm:1: '1:NaN': the value is not a finite number"),
        ("1 1:-inf\n", "data.svm:1: '1:-inf': the value is not a finite number"),
        ("1 1:1e400\n", "data.svm:1: '1:1e400': the value is not a finite number"),
        ("1 1:1\n1 2:1 5:1 2:3\n", "data.svm:2: index 2 occurs more than once in this row"),
        ("1 2:1 2:1\n", "data.svm:1: index 2 occurs more than once in this row"),
    ])
    func refuses(text: String, expected: String) {
        let message = Self.message(text)
        #expect(message.contains(expected), "\(message)")
    }
}
