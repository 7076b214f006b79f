import Testing

@testable import Datasets

/// Reads one CSV text the way the loader does: layout, scan, schema, rows.
struct Table {
    var layout: TableLayout
    var schema: TableSchema
    var block: RowBlock
    var kept: RowBlock?

    init(_ text: String, _ change: (inout ReadOptions) -> Void = { $0.label = "y" }) throws {
        var options = ReadOptions()
        change(&options)
        let chunk = Table.chunk(text)
        layout = try TableLayout(head: chunk, options: options)
        var scan = try CSVScan(layout: layout, options: options)
        try scan.add(chunk, layout: layout)
        schema = try TableSchema(scan: scan, options: options)
        block = try CSVParser(schema: schema, layout: layout, options: options).parse(chunk)
        kept = try Table.kept(chunk, layout, schema, options)
        if let kept { #expect(kept.same(as: block), "\(text)") }
    }

    /// The rows as the scan keeps them; nil: it cannot.
    private static func kept(
        _ chunk: TextChunk, _ layout: TableLayout, _ schema: TableSchema, _ options: ReadOptions
    ) throws -> RowBlock? {
        var scan = try CSVScan(layout: layout, options: options)
        guard scan.mayKeepRows, let block = try scan.add(chunk, layout: layout, keeping: true), schema.suits([block])
        else { return nil }
        #expect(try TableSchema(scan: scan, options: options) == schema)
        return block.settled(schema, positions: scan.keptColumns)
    }

    static func chunk(_ text: String, file: String = "t.csv") -> TextChunk {
        TextChunk(file: file, offset: 0, firstLine: 1, bytes: Array(text.utf8))
    }

    /// Another file with this table's schema.
    func parse(_ text: String, _ change: (inout ReadOptions) -> Void = { _ in }) throws -> (CSVParser, RowBlock) {
        var options = ReadOptions()
        change(&options)
        let chunk = Table.chunk(text, file: "other.csv")
        let parser = try CSVParser(
            schema: schema, layout: try TableLayout(head: chunk, options: options), options: options)
        return (parser, try parser.parse(chunk))
    }

    /// Features as dense rows.
    var dense: [[Double]] { Table.dense(block) }

    static func dense(_ block: RowBlock) -> [[Double]] {
        block.plainRows.map { row in (0..<block.columnCount).map { row.entries[$0] ?? 0 } }
    }
}

@Suite struct CSVTests {
    @Test func numbersTextAndMissingValues() throws {
        let table = try Table(
            #"""
            age,city,y,note
            30,Paris,1,"a, b"
            ,Rome,0,"say ""hi"""
             50 ,NA,1,"a, b"
            40,"Paris",0,
            """#)
        #expect(
            table.schema.featureNames == [
                "age", "age is missing", "city=Paris", "city=Rome", "city is missing", "note=a, b", "note=say \"hi\"",
                "note is missing",
            ])
        #expect(
            table.dense == [
                [30, 0, 1, 0, 0, 1, 0, 0], [40, 1, 0, 1, 0, 0, 1, 0], [50, 0, 0, 0, 1, 1, 0, 0],
                [40, 0, 1, 0, 0, 0, 0, 1],
            ])
        #expect(table.block.labels == [1, 0, 1, 0])
        #expect(table.block.tally.imputed == ["age": 1, "city": 1, "note": 1])
        #expect(
            table.schema.description == [
                "label: column 'y', numbers",
                "column 'city': text, 2 categories become 0/1 features",
                "column 'note': text, 2 categories become 0/1 features",
                "column 'city': 1 of 4 values are missing; they become a feature of their own",
                "column 'note': 1 of 4 values are missing; they become a feature of their own",
                "column 'age': 1 of 4 values are missing; they become the mean 40, and a 0/1 feature says so",
            ])
    }

    /// Forty columns with gaps are not forty lines.
    @Test func whatIsAlikeIsSaidOnce() throws {
        let names = (0..<12).map { "x\($0)" } + (0..<5).map { "t\($0)" }
        let rows = (0..<30).map { row in
            let numbers = (0..<12).map { row <= $0 ? "" : "\(row * ($0 + 1) % 17).5" }
            let texts = (0..<5).map { row == $0 ? "" : "c\(row % ($0 + 2))" }
            return (numbers + texts + ["\(row % 2)"]).joined(separator: ",")
        }
        let table = try Table((names + ["y"]).joined(separator: ",") + "\n" + rows.joined(separator: "\n") + "\n")
        #expect(
            table.schema.description == [
                "label: column 'y', numbers",
                "5 columns of text become 0/1 features, one for each of 20 categories: t4 (6), t3 (5), t2 (4), t1 (3), t0 (2)",
                "5 columns of text or dates have gaps, which become features of their own: t0 (1), t1 (1), t2 (1), t3 (1), t4 (1)",
                "12 columns of numbers have gaps, which become the column's mean, and a 0/1 feature says so: x11 (12), x10 (11), "
                    + "x9 (10), x8 (9), x7 (8), x6 (7), x5 (6), x4 (5), x3 (4), x2 (3), …",
            ])
        var tally = ReadTally()
        tally.imputed = ["a": 1, "b": 1200, "c": 3, "d": 3]
        tally.unseenCategories = ["k": 2]
        let one = "column 'k': 2 values that training never saw count as none of its categories"
        #expect(tally.lines(isTraining: true) == [one])
        #expect(
            tally.lines(isTraining: false)
                == ["4 columns: gaps are filled as in training: b (1,200), c (3), d (3), a (1)", one])
    }

    @Test func rolesOfColumns() throws {
        let table = try Table("id,w,x,junk,y\n7a,1,5,q,no\n8b,2.5,6,r,yes\n") {
            $0.label = "-1"
            $0.id = ["id"]
            $0.weight = "w"
            $0.drop = ["4"]
        }
        #expect(table.schema.featureNames == ["x"])
        #expect(table.block.ids == ["7a", "8b"])
        #expect(table.block.weights == [1, 2.5])
        #expect(table.block.labelNames == ["no", "yes"])
        #expect(table.block.labels == [0, 1])
        #expect(table.schema.description.contains("left out: column 'junk' (`drop`)"))
    }

    @Test(arguments: [
        ("x;y\n1;2\n3;4\n", UInt8(0x3B), true), ("x\ty\n1\t2\n", 0x09, true), ("1,2\n3,4\n", 0x2C, false),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", 0x2C, false), ("name,kind\nann,a\nbob,b\n", 0x2C, true),
        ("id,2019,2020\nab,1,2\ncd,3,4\n", 0x2C, false), ("a,b\na,c\n", 0x2C, false),
        ("x,y\n1,\n?,2\n", 0x2C, true), ("a|b\n1|2\n", 0x7C, true), ("\u{FEFF}x,y\r\n1,2\r\n", 0x2C, true),
        ("\"a,1\",b\n1,2\n", 0x2C, true),
    ])
    func findsDelimiterAndHeader(text: String, delimiter: UInt8, hasHeader: Bool) throws {
        let layout = try TableLayout(head: Table.chunk(text), options: ReadOptions())
        #expect(layout.delimiter == delimiter)
        #expect(layout.hasHeader == hasHeader, "\(text)")
    }

    @Test func headerOptionsWin() throws {
        var options = ReadOptions()
        options.header = .present
        let years = Table.chunk("2019,2020\n1,2\n")
        #expect(try TableLayout(head: years, options: options).columns == ["2019", "2020"])
        options.header = .absent
        #expect(try TableLayout(head: Table.chunk("x,y\n1,2\n"), options: options).columns == ["column 1", "column 2"])
    }

    @Test func theLabelIsFoundByItsUsualNames() throws {
        #expect(try Table("a,Class\n1,x\n2,z\n", { _ in }).block.labelNames == ["x", "z"])
    }

    @Test func rowNumbersWithoutANameAreLeftOut() throws {
        let table = try Table("\"\",\"x\",\"y\"\n\"1\",5,0\n\"2\",6,1\n")
        #expect(table.schema.featureNames == ["x"])
        #expect(table.schema.description.contains("left out: column 'column 1' (row numbers, or names of rows)"))
    }

    /// What R and pandas call them, in the first column alone and unless they are wanted.
    @Test(arguments: ["rownames", "Unnamed: 0", "row.names"]) func rowNamesAreLeftOut(name: String) throws {
        let table = try Table("\(name),x,y\n1,5,0\n2,6,1\n")
        #expect(table.schema.featureNames == ["x"])
        #expect(table.schema.leftOut?.map(\.name) == [name])
        #expect(try Table("x,\(name),y\n1,5,0\n2,6,1\n").schema.featureNames == ["x", name])
        let wanted = try Table("\(name),x,y\na,5,0\nb,6,1\n") { $0.categorical = [name] }
        #expect(wanted.schema.featureNames == ["\(name)=a", "\(name)=b", "x"])
    }

    @Test func mixedAndIdentifierColumnsAreMentioned() throws {
        let mixed = try Table("c,y\n1,0\n2,1\nA,0\n")
        #expect(mixed.schema.featureNames == ["c=1", "c=2", "c=A"])
        #expect(mixed.schema.description.contains("column 'c' mixes numbers and text: both count as categories"))
        let rows = (0..<30).map { "id\($0),\($0 % 2),\($0)" }.joined(separator: "\n")
        let ids = try Table("name,y,x\n" + rows)
        #expect(ids.schema.description.contains { $0.hasPrefix("column 'name' differs in every row") })
    }

    @Test(arguments: [
        ("x,y\n1,2,3\n", "t.csv:2: has 3 fields, the header has 2"),
        ("x,y\n1,2\n\n3\n", "t.csv:4: has 1 field, the header has 2"),
        ("x,y\n1,2\n\"3,4\n5,6\n", "t.csv:3: field 1 opens a quote that is never closed"),
        ("x,y\n1,\"2\"3\n", "t.csv:2: field 2 has text after its closing quote"),
        ("x,x,y\n1,2,3\n", "t.csv:1: the header names columns 1 and 2 alike, 'x'"),
        ("x,y\n1,2\n3,inf\n", "t.csv:3: 'inf' in the label (column 'y') is not a finite number"),
        ("x,y\n1,2\n-Infinity,3\n", "t.csv:3: '-Infinity' in column 'x' is not a finite number"),
        ("x,y\n1e999,3\n", "t.csv:2: '1e999' in column 'x' is not a finite number"),
        ("y\n1\n", "t.csv: there is no column left to be a feature"),
        ("x,y\n,1\nNA,2\n", "t.csv: there is no column left to be a feature"),
        ("x,y\n", "t.csv: has a header but no rows"),
        ("x,z\n1,2\n", "`label` y: there is no such column"),
    ])
    func refuses(text: String, expected: String) {
        let found = message {
            _ = try Table(text) {
                $0.label = "y"
                $0.header = .present
            }
        }
        #expect(found.contains(expected), "\(found)")
    }

    @Test func refusesStrayTextAmongNumbers() {
        let rows = (0..<200).map { "\($0).5,\($0 % 2)\n" }.joined()
        let few = message { _ = try Table("x,y\n" + rows + "12o,1\n") }
        #expect(few.contains("t.csv:202: '12o' is not a number, but 200 values of column 'x' are"), "\(few)")
        let many = (0..<1200).map { "\($0),\($0 % 2)\n" }.joined()
        let found = message { _ = try Table("x,y\nlow,0\nlow,1\n" + many) }
        #expect(found.contains("t.csv:2: 'low' is not a number, but 1200 values of column 'x' are"), "\(found)")
    }

    /// More categories than features were allowed once: each is one.
    @Test func categoriesAtAnyNumber() throws {
        let rows = (0..<24_000).map { "n\($0 % 12_000),\($0 % 2)\n" }.joined()
        let table = try Table("name,y\n" + rows)
        #expect(table.schema.featureCount == 12_000)
        #expect(table.block.values.allSatisfy { $0 == 1 } && table.block.values.count == 24_000)
    }

    @Test func refusesTextThatIsNotUTF8() {
        let bytes = Array("x,y\n".utf8) + [0x63, 0xE9] + Array(",1\n".utf8)
        var options = ReadOptions()
        options.label = "y"
        let chunk = TextChunk(file: "t.csv", offset: 0, firstLine: 1, bytes: bytes)
        let found = message {
            let layout = try TableLayout(head: chunk, options: options)
            var scan = try CSVScan(layout: layout, options: options)
            try scan.add(chunk, layout: layout)
        }
        #expect(found.hasPrefix("t.csv:2: column 'x' is not UTF-8 text"), "\(found)")
    }

    @Test func optionsThatNameNoColumn() {
        func found(_ change: @escaping (inout ReadOptions) -> Void) -> String {
            message { _ = try Table("height,weight,target\n1,2,3\n", change) }
        }
        #expect(
            found { $0.label = "hieght" }.contains("`label` hieght: there is no such column; did you mean 'height'"))
        #expect(found { $0.label = "9" }.contains("`label` 9: there are 3 columns; 1 is the first, 3 or -1 the last"))
        #expect(found { $0.label = "0" }.contains("`label` 0: there are 3 columns"))
        #expect(
            found { $0.drop = ["Weigth"] }.contains("`drop` Weigth: there is no such column; did you mean 'weight'"))
        #expect(found { $0.weight = "target" }.contains("'target' is named by both `label` and `weight`"))
        #expect(found { $0.delimiter = "ab" }.contains("`delimiter` 'ab': give one character"))
        let unclear = message { _ = try Table("a,b\n1,2\n", { _ in }) }
        #expect(unclear.contains("which column is the label? Give `label` NAME or NUMBER"), "\(unclear)")
        #expect(unclear.contains("(columns: a, b)"))
    }

    @Test(arguments: [
        ("-1", "the weight '-1' (column 'w') is negative"), ("a", "the weight 'a' (column 'w') is not a finite number"),
        ("", "the weight (column 'w') is missing"),
    ])
    func weights(value: String, expected: String) {
        let found = message {
            _ = try Table("x,w,y\n1,1,1\n2,\(value),0\n") {
                $0.label = "y"
                $0.weight = "w"
            }
        }
        #expect(found.hasPrefix("t.csv:3: " + expected), "\(found)")
    }

    @Test func ownMissingWords() throws {
        let table = try Table("x,y\n-999,0\n3,1\n5,1\n") {
            $0.label = "y"
            $0.missing = ["-999"]
        }
        #expect(table.dense == [[4, 1], [3, 0], [5, 0]])
    }
}
