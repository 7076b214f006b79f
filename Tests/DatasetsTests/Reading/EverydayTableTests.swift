import Foundation
import Testing

@testable import Datasets

/// Tables as pandas, R, Excel and databases write them.
@Suite struct EverydayTableTests {
    // MARK: - Shapes

    @Test(arguments: [
        // pandas without names, and with its index; three names at least, for a first row may be 0,1.
        ("0,1,2\n0.5,1.5,1\n2.5,3.5,0\n", ["0", "1", "2"], 2, false),
        (",0,1,2\n0,0.5,1.5,1\n1,2.5,3.5,0\n", ["column 1", "0", "1", "2"], 2, true),
        // R's write.table and its row names.
        ("\"x\",\"y\"\n\"1\",5,0\n\"2\",6,1\n", ["column 1", "x", "y"], 2, true),
        // Excel's own line.
        ("sep=;\nx;y\n1,5;0\n2;1\n", ["x", "y"], 2, false),
        ("\u{FEFF}SEP=,\r\nx,y\r\n1,0\r\n2,1\r\n", ["x", "y"], 2, false),
    ])
    func headers(text: String, columns: [String], rows: Int, firstIsUnnamed: Bool) throws {
        let layout = try TableLayout(head: Table.chunk(text), options: ReadOptions())
        #expect(layout.columns == columns)
        #expect(layout.hasHeader && layout.firstIsUnnamed == firstIsUnnamed)
        let table = try Table(text) { $0.label = "-1" }
        #expect(table.block.rows == rows)
        #expect(!firstIsUnnamed || !table.schema.featureNames.contains { $0.hasPrefix("column 1") })
    }

    @Test func aFirstRowThatCountsIsARow() throws {
        #expect(try TableLayout(head: Table.chunk("0,1\n1,0\n"), options: ReadOptions()).hasHeader == false)
        #expect(try TableLayout(head: Table.chunk("0,1,3\n1,0,2\n"), options: ReadOptions()).hasHeader == false)
    }

    @Test func separatorsWithoutAHeader() throws {
        let table = try Table("sep=;\n1;0\n2;1\n3;1\n") { $0.label = "2" }
        #expect(table.dense == [[1], [2], [3]])
    }

    @Test func decimalCommas() throws {
        let table = try Table("a;y\n1,5;0\n-2,25;1\n1.234.567,5;1\n3;0\n")
        #expect(table.dense == [[1.5], [-2.25], [1_234_567.5], [3]])
        #expect(table.schema.description.first == "numbers have decimal commas: 1,5 is one and a half")
        // Points anywhere: the commas are something else.
        #expect(try TableLayout(head: Table.chunk("a;b\n1,5;1.5\n"), options: ReadOptions()).hasDecimalComma == false)
        #expect(try TableLayout(head: Table.chunk("a,b\n1,5\n"), options: ReadOptions()).hasDecimalComma == false)
        let said = try Table("a,y\n\"1,5\",0\n\"2,5\",1\n") {
            $0.label = "y"
            $0.decimal = .comma
        }
        #expect(said.dense == [[1.5], [2.5]])
    }

    @Test func blanksBetweenFields() throws {
        for text in ["a b y\n1 2.5  0\n  3   4 1 \n", "a b y\r\n 1 2.5 0  \r\n3 4\t1\r\n"] {
            #expect(try Table(text) { $0.delimiter = "blank" }.dense == [[1, 2.5], [3, 4]], "\(text)")
        }
        let found = try Table("1 2.5  0\n  3   4 1 \n5 6 0\n") { $0.label = "-1" }
        #expect(found.dense == [[1, 2.5], [3, 4], [5, 6]])
    }

    // MARK: - Numbers as written

    @Test(arguments: [
        (["1,234.5", "12", "1,234,567"], [1234.5, 12, 1_234_567], "numbers with separators"),
        (["1.234,5", "-1.000.000", "0,25"], [1234.5, -1_000_000, 0.25], "numbers with separators, 1.234,5 is 1234.5"),
        (["$5", "-$1,200.50", "($ 3)"], [5, -1200.5, -3], "amounts in $"),
        (["5 €", "1.200,50 €", "-3€"], [5, 1200.5, -3], "amounts in €, 1.234,5 is 1234.5"),
        (["USD 7", "USD 8.5", "USD 1,000"], [7, 8.5, 1000], "amounts in USD"),
        (["5%", "12.5 %", "-100%"], [0.05, 0.125, -1], "percentages, 5 % is 0.05"),
        (["1 234", "5 678 901", "2"], [1234, 5_678_901, 2], "numbers with separators"),
        (["1\u{202F}234,5", "6", "7,25"], [1234.5, 6, 7.25], "numbers with separators, 1.234,5 is 1234.5"),
        (["1'234.5", "12", "\u{2212}3"], [1234.5, 12, -3], "numbers with separators"),
    ])
    func numbersInOtherForms(texts: [String], values: [Double], words: String) throws {
        let text = "a,y\n" + texts.enumerated().map { "\"\($1)\",\($0 % 2)\n" }.joined()
        let table = try Table(text)
        #expect(table.dense.map { $0[0] } == values)
        #expect(table.schema.description.contains("column 'a': \(words)"), "\(table.schema.description)")
        let label = try Table("y,a\n" + texts.enumerated().map { "\"\($1)\",\($0 % 2)\n" }.joined()) { $0.label = "y" }
        #expect(label.block.labels == values)
    }

    @Test(arguments: [
        ["1,2,3", "2"], ["$5", "€6"], ["5%", "6"], ["12-31", "11-30"], ["1,23", "1,234.5"], ["0,123.5", "1"],
        ["$", "%"],
        ["--1", "2"], ["1e3 %", "2 %"], ["1 23", "4"], ["()", "(1"],
    ])
    func textsThatAreNoNumbers(texts: [String]) throws {
        let text = "a,y\n" + texts.enumerated().map { "\"\($1)\",\($0 % 2)\n" }.joined()
        let kind = try Table(text).schema.columns[0].kind
        guard case .text = kind else {
            Issue.record("\(texts) became \(kind)")
            return
        }
    }

    @Test func commasThatMayBeEither() throws {
        let text = "a,y\n\"1,234\",0\n\"5,678\",1\n"
        let said = message { _ = try Table(text) }
        #expect(said.contains(":2: '1,234' in column 'a' may have a decimal comma or one between thousands"), "\(said)")
        #expect(try Table(text) { $0.decimal = .point }.dense == [[1234], [5678]])
        #expect(try Table(text) { $0.decimal = .comma }.dense == [[1.234], [5.678]])
    }

    @Test func oddTextsAmongNumbersInOtherForms() throws {
        let rows = (0..<60).map { "\"$\($0),000\",\($0 % 2)\n" }.joined()
        let said = message { _ = try Table("a,y\n" + rows + "none given,1\n") }
        #expect(said.contains(":62: 'none given' is no number as the others of column 'a' are"), "\(said)")
    }

    /// A few odd texts, or another way of writing, never make categories or an identifier of a column of numbers.
    @Test(arguments: [
        (
            (0..<300).map { $0 < 200 ? "\($0).5" : "\"1,\($0).50\"" } + ["oops"],
            "302: 'oops' is no number as the others"
        ),
        (
            (0..<300).map { "\($0 % 100) %" } + ["3"],
            "2: '0 %' in column 'v' is written in another way than the 1 plain numbers"
        ),
        ((0..<300).map { "\"\($0),25\"" } + ["7.25"], "2: '0,25' in column 'v' is written in another way"),
        ((0..<300).map { "$\($0)" } + ["€4"], "2: '$0' and others in column 'v' have different units"),
    ])
    func mixedNumbers(texts: [String], said: String) {
        let text = "v,y\n" + texts.enumerated().map { "\($1),\($0 % 2)\n" }.joined()
        let found = message { _ = try Table(text) }
        #expect(found.contains(said), "\(found)")
    }

    @Test func moneyBesidePlainNumbers() throws {
        let table = try Table("v,y\n" + (0..<30).map { "\($0 == 7 ? "" : "$")\($0 + 1).25,\($0 % 2)\n" }.joined())
        #expect(table.dense.map { $0[0] } == (0..<30).map { Double($0) + 1.25 })
    }

    @Test func blanksWithinQuotes() throws {
        #expect(try Table("v,y\n\"12 \",0\n\" 3.5\",1\n\"4\",1\n").dense == [[12], [3.5], [4]])
    }

    @Test func numbersAreNoDates() {
        let found = message {
            _ = try Table("v,y\n" + (0..<30).map { "201901\($0 + 10),\($0 % 2)\n" }.joined()) { $0.dates = ["v"] }
        }
        #expect(found.contains("`date` v: the column holds numbers, as 20190110"), "\(found)")
    }

    /// The row that does not fit is told, and dates with the year first are the same in every column.
    @Test func datesThatDoNotFit() throws {
        let rows = (0..<60).map { "0\($0 % 9 + 1)/2\($0 % 9)/2020,\($0 % 2)\n" }.joined()
        let found = message { _ = try Table("d,y\n" + rows + "31/12/2020,1\n") }
        #expect(found.contains(":62: '31/12/2020' is no date"), "\(found)")
        let dotted = try Table("d,y\n" + (0..<60).map { "\($0 % 28 + 1).\($0 % 12 + 1).2020,\($0 % 2)\n" }.joined())
        guard case .date(let parts) = dotted.schema.columns[0].kind else {
            Issue.record("no dates")
            return
        }
        func entries(_ text: String) -> [Double]? {
            Array(text.utf8).withUnsafeBufferPointer { parts.entries($0)?.map(\.value) }
        }
        #expect(entries("5.3.2020") != nil && entries("5.3.2020") == entries("2020-03-05"))
        #expect(entries("3/5/20") != entries("2020-03-05"))
    }

    @Test func pointsBesideDecimalCommas() throws {
        // With decimal commas a point stands between thousands.
        let table = try Table("a;y\n1,5;0\n1.234;1\n") { $0.decimal = .comma }
        #expect(table.dense == [[1.5], [1234]])
        #expect(
            message {
                _ = try Table("a;y\n1,5;0\n1.23;1\n" + (0..<30).map { "\($0),5;1\n" }.joined()) { $0.decimal = .comma }
            }
            .contains("'1.23' is not a number"))
    }

    /// What a model keeps of how its data was read comes back whole, and an older one is read as it was then.
    @Test func optionsOfReadingAreKept() throws {
        var options = ReadOptions()
        (options.format, options.label, options.labels, options.isTraining) = (.csv, "y", ["l.npy"], false)
        (options.drop, options.id, options.weight, options.header) = (["d"], ["i"], "w", .present)
        (options.delimiter, options.zeroBased, options.decimal, options.missing) = (";", true, .comma, ["x"])
        (options.categorical, options.dates, options.readsDates, options.minCategoryCount) = (["c"], ["t"], false, 3)
        (options.allowMissingLabels, options.missingLabel) = (true, .error)
        (options.replacedLabel, options.replacedWeight, options.leftOut) = ("a", "b", ["c"])
        options.inputShape = SampleShape("1x2x3")
        let plain = Mirror(reflecting: ReadOptions()).children.map { "\($0.value)" }
        for (member, before) in zip(Mirror(reflecting: options).children, plain) {
            #expect("\(member.value)" != before, "\(member.label ?? "") is not tried")
        }
        #expect(try JSONDecoder().decode(ReadOptions.self, from: JSONEncoder().encode(options)) == options)
        #expect(try JSONDecoder().decode(ReadOptions.self, from: Data("{}".utf8)) == ReadOptions())
    }

    // MARK: - Gaps

    @Test(arguments: ["None", "-", ".", "#N/A", "\\N", "<NA>", "missing", "nan", "-nan", "NULL", "n/a"])
    func wordsForAMissingValue(word: String) throws {
        let table = try Table("x,y\n1,0\n\(word),1\n3,1\n")
        #expect(table.schema.featureNames == ["x", "x is missing"])
        #expect(table.dense == [[1, 0], [2, 1], [3, 0]])
    }

    @Test func ownWordsForAMissingValue() throws {
        let text = "x,y\n1,0\n-999,1\nunknown,1\n3,0\n"
        let table = try Table(text) {
            $0.label = "y"
            $0.missing = ["-999", "Unknown"]
        }
        #expect(table.dense == [[1, 0], [2, 1], [2, 1], [3, 0]])
    }

    @Test func rowsWithoutALabelAreLeftOut() throws {
        let text = "x,y\n1,0\n2,\n3,NA\n4,1\n"
        var block = try Table(text).block
        block.dropUnlabelled()
        #expect(block.labels == [0, 1] && block.tally.unlabelled == 2)
        #expect(
            block.tally.lines(isTraining: false) == ["2 rows have no label: left out (`missingLabel` error refuses)"])
        #expect(Table.dense(block) == [[1], [4]])
        let refused = message {
            _ = try Table(text) {
                $0.label = "y"
                $0.missingLabel = .error
            }
        }
        #expect(refused == "t.csv:3: the label (column 'y') is missing; remove this row")
    }

    /// North America is a class, a word in a few rows is none.
    @Test func classesCalledNA() throws {
        let regions = (0..<30).map { "\($0),\(["NA", "EU", "AS"][$0 % 3])\n" }.joined()
        let table = try Table("x,y\n" + regions)
        #expect(table.schema.label.names == ["AS", "EU", "NA"])
        #expect(table.block.labels.allSatisfy { !$0.isNaN })
        let few = try Table("x,y\n" + regions.replacing("NA", with: "AS") + "30,NA\n")
        #expect(few.schema.label.names == ["AS", "EU"])
        #expect(few.block.labels.filter { $0.isNaN }.count == 1)
        let said = try Table("x,y\n" + regions) {
            $0.label = "y"
            $0.missing = ["NA"]
        }
        #expect(said.schema.label.names == ["AS", "EU"])
    }

    // MARK: - Categories

    @Test func identifiersAreLeftOut() throws {
        let rows = (0..<30).map { "n\($0),\($0).5,\($0 % 2)\n" }.joined()
        let table = try Table("name,x,y\n" + rows)
        #expect(table.schema.featureNames == ["x"])
        #expect(
            table.schema.description.contains {
                $0.hasPrefix("column 'name' differs in every row: left out as an identifier")
            })
        let kept = try Table("name,x,y\n" + rows) {
            $0.label = "y"
            $0.categorical = ["name"]
        }
        #expect(kept.schema.featureCount == 31)
    }

    @Test func codesAreCategoriesWhereTheyAreSaidToBe() throws {
        let table = try Table("zip,y\n10115,0\n80331,1\n10115,1\n,0\n") {
            $0.label = "y"
            $0.categorical = ["zip"]
        }
        #expect(table.schema.featureNames == ["zip=10115", "zip=80331", "zip is missing"])
        #expect(table.dense == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]])
    }

    @Test func numbersThatLookLikeCodesAreNamed() throws {
        let table = try Table("zip,y\n01067,0\n80331,1\n")
        #expect(table.schema.featureNames == ["zip"])
        #expect(table.schema.description.contains { $0.contains("`categorical` zip makes each a category") })
        #expect(try Table("n,y\n0,0\n0.5,1\n10,1\n").schema.description.count == 1)
    }

    @Test func rareCategoriesShareAFeature() throws {
        let table = try Table("c,y\na,0\na,1\nb,1\nc,0\n,1\n") {
            $0.label = "y"
            $0.minCategoryCount = 2
        }
        #expect(table.schema.featureNames == ["c=a", "c is another", "c is missing"])
        #expect(table.dense == [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]])
        let (_, other) = try table.parse("c,y\nnew,1\n")
        #expect(Table.dense(other) == [[0, 1, 0]] && other.tally.unseenCategories.isEmpty)
    }

    // MARK: - Dates

    @Test(arguments: [
        ("2013-01-31", 15_736, 0), ("2013-01-31T14:05:00Z", 15_736, 50_700), ("2013/1/31 14:05", 15_736, 50_700),
        ("2013-01-31 14:05:00.123456+01:00", 15_736, 50_700), ("1/31/2013", 15_736, 0),
        ("1/31/2013 2:05 PM", 15_736, 50_700), ("31.01.2013", 15_736, 0), ("31-Jan-13", 15_736, 0),
        ("31 January 2013", 15_736, 0), ("Jan 31, 2013", 15_736, 0), ("1970-01-01", 0, 0), ("1969-12-31", -1, 0),
        ("2000-02-29 12:00:00 AM", 11_016, 0), ("2013-01-31 14:05:00 UTC", 15_736, 50_700),
    ])
    func datesAreRead(text: String, day: Int, seconds: Int) throws {
        let found = try #require(parse(text))
        let all = [found.year, found.month, found.day]
        #expect(all.contains(DateText.Moment(day: day, seconds: seconds)), "\(found)")
    }

    @Test(arguments: [
        "2013-02-29", "2013-13-01", "32.1.2013", "13:05", "2013", "2013-01", "1/2", "Foo 1, 2013", "2013-01-31x",
        "2013-01-31 25:00", "2013-01-31 10:61", "1-2-3", "31-Jan", "", "12.5", "1.2.3.4", "2013-01-31 13:05 PM",
    ])
    func whatIsNoDate(text: String) { #expect(parse(text) == nil) }

    private func parse(_ text: String) -> DateText.Moments? {
        var text = text
        return text.withUTF8 { DateText.parse($0) }
    }

    /// Every day of four centuries, there and back.
    @Test func daysAndDates() {
        var day = DateText.days(1899, 12, 31) ?? 0
        for year in 1900..<2300 {
            for month in 1...12 {
                for number in 1...31 {
                    guard let found = DateText.days(year, month, number) else { continue }
                    day += 1
                    #expect(found == day && DateText.civil(day) == (year, month, number))
                }
            }
        }
        #expect(DateText.Moment(day: 0, seconds: 0).weekday == 3, "1970-01-01 was a Thursday")
        #expect(DateText.Moment(day: -1, seconds: 0).weekday == 2)
    }

    @Test func datesBecomeATrendAndPartsOfTheCalendar() throws {
        let table = try Table(
            "when,y\n2013-01-01 05:00,0\n2013-01-02 06:00,1\n2013-02-03 05:00,1\n,0\n")
        #expect(
            table.schema.featureNames == [
                "when", "when in January", "when in February", "when on Tuesday", "when on Wednesday", "when on Sunday",
                "when at 5 h", "when at 6 h", "when is missing",
            ])
        let rows = table.dense
        #expect(rows[0].dropFirst() == [1, 0, 1, 0, 0, 1, 0, 0] && rows[1].dropFirst() == [1, 0, 0, 1, 0, 0, 1, 0])
        #expect(rows[3] == [0, 0, 0, 0, 0, 0, 0, 0, 1])
        #expect(abs(rows[1][0] - rows[0][0] - 25.0 / 24) < 1e-12)
        let (_, other) = try table.parse("when,y\n2014-07-04,1\n")
        #expect(Table.dense(other)[0].dropFirst().allSatisfy { $0 == 0 })
        let refused = message { _ = try table.parse("when,y\nsoon,1\n") }
        #expect(refused.contains("'soon' in column 'when' is no date"), "\(refused)")
    }

    @Test func theOrderOfDayAndMonth() throws {
        func order(_ dates: [String]) throws -> Int? {
            let rows = dates.enumerated().map { "\($1),\($0 % 2)\n" }.joined()
            let table = try Table("d,y\n" + rows)
            guard case .date(let parts) = table.schema.columns[0].kind else { return nil }
            return parts.order
        }
        #expect(try order(["1/2/2013", "25/2/2013"]) == 2)
        #expect(try order(["1/2/2013", "2/25/2013"]) == 1)
        #expect(try order(["1/2/2013", "3/4/2013"]) == 1)
        #expect(try order(["1.2.2013", "3.4.2013"]) == 2)
        #expect(try order(["25/2/2013", "2/25/2013"]) == nil)
    }

    @Test func aFewTextsAmongDatesAreNoCategories() throws {
        let rows = (1...28).map { "2013-02-\($0),\($0 % 2)\n" }.joined()
        let found = message { _ = try Table("d,y\n" + rows + "soon,1\n") }
        #expect(found.hasPrefix("t.csv:30: 'soon' is no date as the others of column 'd' are"), "\(found)")
        let off = try Table("d,y\n" + rows + rows) {
            $0.label = "y"
            $0.readsDates = false
        }
        #expect(off.schema.featureCount == 28)
    }
}
