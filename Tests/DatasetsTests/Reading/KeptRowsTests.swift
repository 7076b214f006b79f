import Testing

@testable import Datasets

extension RowBlock {
    /// Whether both hold the same rows, with the same labels by name, bit by bit.
    func same(as other: RowBlock) -> Bool {
        let (a, b) = (compressed(), other.compressed())
        func bits(_ values: [Double]) -> [UInt64] { values.map(\.bitPattern) }
        func names(_ block: RowBlock) -> [String] {
            block.labels.map { block.labelNames.isEmpty ? "\($0)" : block.labelNames[Int($0)] }
        }
        return a.rowOffsets == b.rowOffsets && a.columns == b.columns && bits(a.values) == bits(b.values)
            && names(a) == names(b) && bits(a.weights) == bits(b.weights) && a.columnCount == b.columnCount
            && a.tally.imputed == b.tally.imputed
    }
}

/// Rows that a scan keeps are those that a second pass over the text would make. (`Table` compares them for all other tests.)
@Suite struct KeptRowsTests {
    private func text(_ random: inout TestGenerator, gaps: Bool, sparse: Bool, labels: [String], end: String) -> String
    {
        let columns = 1 + Int.random(in: 0..<12, using: &random)
        let names = (0..<columns).map { "x\($0)" }
        var lines = [(names[..<(columns / 2)] + ["y"] + names[(columns / 2)...]).joined(separator: ",")]
        for _ in 0..<(1 + Int.random(in: 0..<60, using: &random)) {
            var fields = names.map { _ -> String in
                if gaps, Int.random(in: 0..<5, using: &random) == 0 {
                    return ["", "NA", " "][Int.random(in: 0..<3, using: &random)]
                }
                if sparse, Int.random(in: 0..<6, using: &random) > 0 {
                    return ["0", "-0.0", "0e3"][Int.random(in: 0..<3, using: &random)]
                }
                let digits = (0..<(1 + Int.random(in: 0..<9, using: &random))).map { _ in
                    String(Int.random(in: 0..<10, using: &random))
                }.joined()
                let fraction = (0..<Int.random(in: 0..<10, using: &random)).map { _ in
                    String(Int.random(in: 0..<10, using: &random))
                }.joined()
                let sign = ["", "-", "+"][Int.random(in: 0..<3, using: &random)]
                return [
                    sign + digits, sign + digits + "." + fraction, "." + digits,
                    sign + digits + "e-\(Int.random(in: 0..<30, using: &random))",
                    " " + digits + " ", "\"" + digits + "\"",
                ][Int.random(in: 0..<6, using: &random)]
            }
            fields.insert(labels[Int.random(in: 0..<labels.count, using: &random)], at: columns / 2)
            lines.append(fields.joined(separator: ","))
        }
        return lines.joined(separator: end) + (Int.random(in: 0..<2, using: &random) == 0 ? end : "")
    }

    @Test(arguments: [false, true], [["0", "1"], ["1.5", "-2", "3e1", "4"], ["oak", "fir", "\"a, b\""]])
    func randomTables(gaps: Bool, labels: [String]) throws {
        var random = TestGenerator(state: UInt64(labels.count))
        var kept = 0
        for round in 0..<150 {
            let end = round % 3 == 0 ? "\r\n" : "\n"
            let text = text(&random, gaps: gaps, sparse: round % 2 == 0, labels: labels, end: end)
            // A column of nothing but gaps is left out, or the only one: then there is nothing to compare.
            guard let table = try? Table(text) else { continue }
            if table.kept != nil { kept += 1 }
        }
        #expect(kept > 120)
    }

    @Test func whatIsNoNumberIsNotKept() throws {
        #expect(try Table("x,y\n1,0\n2,1\n").kept != nil)
        #expect(try Table("x,t,y\n1,a,0\n2,b,1\n").kept == nil)
        #expect(try Table("d,y\n2024-01-31,0\n2024-02-29,1\n").kept == nil)
        #expect(try Table("x,y\n1,0\n2,\n3,1\n").kept == nil)
        #expect(try Table("x,y\n1,a\n2,1\n3,b\n4,a\n5,b\n").kept == nil)
        #expect(try Table("x,k,y\n1,4,0\n2,5,1\n") { ($0.label, $0.categorical) = ("y", ["k"]) }.kept == nil)
        #expect(try Table("x,k,y\n1,4,0\n2,5,1\n") { ($0.label, $0.id) = ("y", ["k"]) }.kept == nil)
        let weighted = try Table("w,x,y\n1,4,0\n0.5,5,1\n") { ($0.label, $0.weight) = ("y", "w") }
        #expect(weighted.kept?.weights == [1, 0.5])
    }

    /// With nothing but labels the message is about features, not about rows.
    @Test func aTableWithoutFeaturesIsLookedThrough() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.csv", "y\n0\n1\n0\n")
        let found = messages(1) { communicator in
            var options = ReadOptions()
            options.label = "y"
            _ = try DistributedTable.read([path], options: options, communicator: communicator)
        }
        #expect(found[0].contains("no column left to be a feature"), "\(found[0])")
    }

    @Test func densityDecidesHowRowsAreKept() throws {
        let full = try Table("a,b,c,y\n1,2,0,0\n3,4,5,1\n")
        #expect(full.kept?.isDense == true && full.kept?.zeros == 1)
        let empty = try Table("a,b,c,y\n0,2,0,0\n0,0,5,1\n")
        #expect(empty.kept?.isDense == false)
    }

    /// All ranks read once, or none: what one alone sees, all learn.
    @Test(arguments: 1...4) func ranksAgreeOnASecondPass(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let numbers = "a,b,y\n" + (0..<4000).map { "\($0 * 7 % 100).5,\($0 % 13),\($0 % 2)\n" }.joined()
        func read(_ text: String) throws -> (rows: Int, features: [String], digest: String?) {
            let path = try folder.write("a.csv", text)
            let found = try onRanks(ranks) { communicator in
                var options = ReadOptions()
                options.label = "y"
                let table = try DistributedTable.read([path], options: options, communicator: communicator)
                return (table.rows, table.schema?.featureNames ?? [], table.digest)
            }
            return found[0]
        }
        #expect(try read(numbers).features == ["a", "b"])
        // The last row alone has a text in a column of few numbers, which become categories.
        let mixed = try read(numbers + "1,x,1\n")
        #expect(mixed.rows == 4001 && mixed.features.contains("b=x"))
        // Read from the text once more, the same rows have the same digest.
        let again = try read(numbers + "1,2,1\n")
        let twice = try read(numbers + " 1 ,\"2\",1\n")
        #expect(again.digest == twice.digest && again.rows == 4001)
    }

    /// Distinct numbers are noted of the first rows only, as long as there is no text: then all are looked through once more.
    @Test(arguments: 1...4) func aTextBehindManyNumbers(ranks: Int) throws {
        let folder = try TemporaryFolder()
        func read(_ text: String) throws -> [String] {
            let path = try folder.write("a.csv", text)
            return try onRanks(ranks) { communicator in
                var options = ReadOptions()
                options.label = "y"
                let table = try DistributedTable.read([path], options: options, communicator: communicator)
                return (table.schema?.featureNames ?? []) + table.notes.filter { $0.contains("begin with 0") }
            }[0]
        }
        // Few different numbers: categories all, those of late rows too.
        let few = (0..<900).map { "\($0 < 500 ? 1 : 2 + $0 % 5),\($0 % 2)\n" }.joined()
        #expect(try read("a,y\n" + few + "n,1\n") == ["1", "2", "3", "4", "5", "6", "n"].map { "a=\($0)" })
        // Many: a text is a fault.
        let many = (0..<900).map { "\($0 < 500 ? 1 : $0),\($0 % 2)\n" }.joined()
        #expect(throws: DatasetError.self) { try read("a,y\n" + many + "n,1\n") }
        #expect(try read("a,y\n" + many) == ["a"])
        // A code is found wherever it is.
        #expect(try read("a,y\n" + many + "0123,1\n").count == 2)
        #expect(try read("a,y\n" + many + " 0123 ,1\n").count == 2)
        #expect(try read("a,y\n" + many + "0.123,1\n0,0\n").count == 1)
    }
}
