import FoundationEssentials
import Testing

@testable import Datasets

/// A schema made at training, used on other files and over other cuts of the data.
@Suite struct CSVSchemaTests {
    static let training = "x,c,y\n1,a,no\n2,b,yes\n3,a,no\n"

    @Test func laterFilesAreMatchedByName() throws {
        let table = try Table(Self.training)
        let (parser, block) = try table.parse("y,more,c,x\nyes,0,b,5\nno,0,new,\n") { $0.label = "y" }
        #expect(Table.dense(block) == [[5, 0, 1], [2, 0, 0]])
        #expect(block.labels == [1, 0])
        #expect(block.tally.unseenCategories == ["c": 1])
        #expect(block.tally.imputed == ["x": 1])
        #expect(parser.notes == ["other.csv: columns that training did not have are ignored: more"])
        #expect(block.tally.lines(isTraining: false).count == 2)
    }

    @Test func unseenLabelsGetTheNextIndex() throws {
        let (_, block) = try Table(Self.training).parse("x,c,y\n1,a,maybe\n1,a,yes\n1,a,maybe\n")
        #expect(block.labelNames == ["no", "yes", "maybe"])
        #expect(block.labels == [2, 1, 2])
    }

    @Test func theLabelMayBeAbsentWhenPredicting() throws {
        let named = try Table(Self.training)
        let (_, block) = try named.parse("c,x\nb,5\n") { $0.allowMissingLabels = true }
        #expect(Table.dense(block) == [[5, 0, 1]])
        #expect(block.labels[0].isNaN)
        let bare = try Table("no,1,2\nyes,3,4\n") {
            $0.label = "1"
            $0.header = .absent
        }
        let (_, other) = try bare.parse("7,8\n") { $0.allowMissingLabels = true }
        #expect(Table.dense(other) == [[7, 8]])
    }

    @Test func refusesFilesThatDoNotFit() throws {
        let table = try Table(Self.training)
        let gone = message { _ = try table.parse("x,y\n1,no\n") }
        #expect(gone == "other.csv: column 'c' of the training data is missing (columns: x, y)")
        let label = message { _ = try table.parse("x,c\n1,a\n") }
        #expect(label.contains("column 'y' of the training data is missing"))
        let text = message { _ = try table.parse("x,c,y\n1,a,no\nabc,a,no\n") { $0.label = "y" } }
        #expect(text.hasPrefix("other.csv:3: 'abc' is not a number, but column 'x' is numeric"), "\(text)")
        let count = message { _ = try table.parse("1,a\n2,b\n") { $0.header = .absent } }
        #expect(count.contains("has 2 columns, but the training data has 3"), "\(count)")
        let empty = message { _ = try table.parse("x,c,y\n1,a,\n") { $0.missingLabel = .error } }
        #expect(empty.hasPrefix("other.csv:2: the label (column 'y') is missing"), "\(empty)")
    }

    @Test func schemaSurvivesStorage() throws {
        let schema = try Table("age,city,y\n1,Paris,a\n,,b\n").schema
        #expect(try JSONDecoder().decode(TableSchema.self, from: JSONEncoder().encode(schema)) == schema)
    }

    /// Any cut of a file into ranges and chunks, any order of merging, and a trip through JSON give the same schema,
    /// and the rows are those of a slow reader.
    @Test func cutsOfTheFileDoNotMatter() throws {
        let folder = try ScratchFolder()
        var generator = TestGenerator(state: 21)
        let texts = ["red", "\"dark, blue\"", "\"a \"\"b\"\"\"", "", "NA", "green"]
        let names = ["red", "dark, blue", "a \"b\"", nil, nil, "green"]
        var text = "x,c,k,y\n"
        var expected: [PlainRow] = []
        var numbers: [Double?] = []
        var kinds: [String?] = []
        for row in 0..<120 {
            let x = row % 7 == 3 ? nil : Double.random(in: -10...10, using: &generator)
            let kind = Int.random(in: 0..<texts.count, using: &generator)
            numbers.append(x)
            kinds.append(names[kind])
            text += "\(x.map { "\($0)" } ?? "?"),\(texts[kind]),\(row % 5),\(row % 3)\(row % 2 == 0 ? "\r\n" : "\n")"
        }
        let present = numbers.compactMap { $0 }
        let mean = present.reduce(0, +) / Double(present.count)
        let categories = Set(kinds.compactMap { $0 }).sorted()
        for row in 0..<120 {
            var entries: [Int: Double] = [0: numbers[row] ?? mean]
            if numbers[row] == nil { entries[1] = 1 }
            entries[2 + (kinds[row].flatMap(categories.firstIndex) ?? categories.count)] = 1
            if row % 5 > 0 { entries[3 + categories.count] = Double(row % 5) }
            expected.append(PlainRow(label: Double(row % 3), entries: entries))
        }
        let path = try folder.write("t.csv", text)
        var options = ReadOptions()
        options.label = "y"
        let file = try DataFile(path: path, options: options)
        let layout = try #require(file.layout)
        var schemas: [TableSchema] = []
        for _ in 0..<20 {
            let cuts = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                Int.random(in: 0...file.byteCount, using: &generator)
            }
            let edges = [0] + cuts.sorted() + [file.byteCount]
            let size = Int.random(in: 1...2000, using: &generator)
            let parts = try zip(edges, edges.dropFirst()).map {
                try TextReader(path: path, range: $0..<$1, chunkSize: size).all()
            }
            var scans = try parts.map { chunks in
                var scan = try CSVScan(layout: layout, options: options)
                for chunk in chunks { try scan.add(chunk, layout: layout) }
                return try JSONDecoder().decode(CSVScan.self, from: JSONEncoder().encode(scan))
            }
            scans.shuffle(using: &generator)
            var scan = scans[0]
            for other in scans.dropFirst() { scan.merge(other) }
            let schema = try TableSchema(scan: scan, options: options)
            schemas.append(schema)
            let parser = try CSVParser(schema: schema, layout: layout, options: options)
            let rows = try parts.flatMap { try $0.flatMap { try parser.parse($0).plainRows } }
            #expect(rows.count == expected.count)
            for (row, wanted) in zip(rows, expected) {
                #expect(row.label == wanted.label && row.entries.keys == wanted.entries.keys)
                for (column, value) in wanted.entries {
                    #expect(abs((row.entries[column] ?? .nan) - value) <= 1e-11 * max(1, abs(value)))
                }
            }
        }
        #expect(schemas.allSatisfy { $0 == schemas[0] })
    }

    /// The first sighting of a fault does not depend on the cut either.
    @Test func theEarliestFaultIsNamed() throws {
        let folder = try ScratchFolder()
        let text = "x,y\n" + (0..<100).map { "\($0),1\n" }.joined() + "inf,1\n" + "2,1\nnan,1\n-inf,0\n"
        let path = try folder.write("t.csv", text)
        var options = ReadOptions()
        options.label = "y"
        options.missing = []
        let layout = try #require(try DataFile(path: path, options: options).layout)
        for cut in stride(from: 0, to: text.utf8.count, by: 37) {
            var scan = try CSVScan(layout: layout, options: options)
            for range in [cut..<text.utf8.count, 0..<cut] {
                var part = try CSVScan(layout: layout, options: options)
                for chunk in try TextReader(path: path, range: range).all() { try part.add(chunk, layout: layout) }
                scan.merge(part)
            }
            let found = message { _ = try TableSchema(scan: scan, options: options) }
            #expect(found.hasPrefix("\(path):102: 'inf' in column 'x'"), "\(found)")
        }
    }
}
