import Foundation
import MPI
import Testing

@testable import Datasets

/// Files that pyarrow has written (Fixtures/make.py), beside the CSV file that pandas made of the same table.
@Suite struct ArrowTests {
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures").path

    static func fixture(_ name: String) -> String { fixtures + "/" + name }

    static let options = NPYTests.options {
        $0.label = "label"
        $0.id = ["name"]
        $0.weight = "weight"
    }

    struct Loaded: Equatable, Sendable {
        var schema: TableSchema?
        var digest: String?
        var identifiers: [String]
        var rows: [PlacedRow]
    }

    /// The assembled rows; first those of a training, then the same file with its schema.
    static func load(_ paths: [String], ranks: Int, threads: Int = 1, _ options: ReadOptions = options) throws -> Loaded
    {
        let parts = try onRanks(ranks) { communicator in
            let table = try DistributedTable.read(paths, options: options, threads: threads, communicator: communicator)
            let data = try table.assembleTraining(labels: .classes, options: AssemblyOptions())
            let again = try DistributedTable.read(
                paths, options: options, schema: table.schema, threads: threads, communicator: communicator)
            _ = try again.assemble(using: data.preprocessing)
            return Loaded(
                schema: table.schema, digest: table.digest, identifiers: again.identifiers,
                rows: data.training.placedRows)
        }
        return Loaded(
            schema: parts[0].schema, digest: parts[0].digest, identifiers: parts.flatMap(\.identifiers).sorted(),
            rows: parts.flatMap(\.rows).sorted { $0.position < $1.position })
    }

    @Test(arguments: ["file.arrow", "stream.arrow", "lz4.feather", "zstd.feather"])
    func aColumnMeansTheSameAsInCSV(name: String) throws {
        let expected = try Self.load([Self.fixture("table.csv")], ranks: 1)
        #expect(expected.rows.count == 60 && expected.schema?.featureCount ?? 0 > 50)
        for (ranks, threads) in [(1, 1), (1, 3), (2, 1), (3, 2), (4, 1)] {
            let found = try Self.load([Self.fixture(name)], ranks: ranks, threads: threads)
            #expect(found == expected, "\(ranks) ranks, \(threads) threads")
        }
    }

    @Test func numbersAsCategoriesAndWordsForMissing() throws {
        var options = Self.options
        options.categorical = ["i1", "yes", "price", "day", "utc"]
        options.missing = ["12", "x3", "-5"]
        options.dates = ["time"]
        options.readsDates = false
        // A date that is a text differs between pandas and Arrow where it has a time of day.
        options.drop = ["old time", "utc"]
        options.categorical.removeLast()
        let expected = try Self.load([Self.fixture("table.csv")], ranks: 1, options)
        #expect(try Self.load([Self.fixture("lz4.feather")], ranks: 2, options) == expected)
    }

    @Test func severalFilesAreOneTable() throws {
        let csv = Self.fixture("table.csv")
        let expected = try Self.load([csv, csv], ranks: 1)
        let names = ["file.arrow", "stream.arrow"].map(Self.fixture)
        for ranks in 1...3 { #expect(try Self.load(names, ranks: ranks) == expected) }
    }

    @Test func dictionariesGrowAndAreReplaced() throws {
        for (name, texts) in [("deltas.arrow", "ababc"), ("replaced.arrow", "ababcca")] {
            let options = NPYTests.options { $0.label = "y" }
            let schema = try DistributedTable.read(
                [Self.fixture(name)], options: options, communicator: SoloCommunicator()
            ).schema
            #expect(schema?.rows == texts.count)
            let reader = try ArrowFileReader(
                ArrowFile(path: Self.fixture(name)), rows: 0..<texts.count, wanted: [0, 1])
            var found = ""
            while let piece = try reader.next() {
                let batch = try piece.decode()
                var rows = ArrowRows(batch, rows: 0..<batch.rows)
                while rows.next() { found += rows.text(rows[0]) }
            }
            #expect(found == texts)
        }
    }

    @Test func nestedColumnsAreRefusedByName() throws {
        let path = Self.fixture("nested.arrow")
        func read(_ drop: [String]) throws {
            let options = NPYTests.options { $0.drop = drop }
            _ = try DistributedTable.read([path], options: options, communicator: SoloCommunicator())
        }
        #expect(
            message { try read([]) }.hasSuffix(
                "column 'tags' holds nested values (list), not numbers, texts or dates; make them of it, or leave it out with `drop`"
            ))
        #expect(message { try read(["tags"]) }.contains("column 'raw' holds bytes (binary)"))
        #expect(message { try read(["tags", "raw"]) } == "no error")
    }

    @Test func whatIsWrongIsSaid() throws {
        let folder = try ScratchFolder()
        let feather = try fileBytes(Self.fixture("zstd.feather"))
        let stream = try fileBytes(Self.fixture("stream.arrow"))
        func read(_ name: String, _ bytes: [UInt8], _ change: (inout ReadOptions) -> Void = { _ in }) throws -> String {
            let path = try folder.write(name, bytes)
            var options = Self.options
            change(&options)
            return message {
                _ = try DistributedTable.read([path], options: options, communicator: SoloCommunicator())
            }.replacing(path + ": ", with: "")
        }
        #expect(try read("a.feather", Array(feather.prefix(5000))) == "is cut off; copy or write it again")
        #expect(try read("b.arrow", Array(stream.prefix(5000))) == "is cut off; copy or write it again")
        #expect(try read("c.feather", Array("x,y\n1,2\n".utf8)).hasPrefix("is cut off; copy"))
        #expect(try read("c.ipc", Array("FEA1....".utf8)).hasPrefix("is a Feather file of version 1; write it as"))
        #expect(
            try read("d.csv", stream) { $0.label = "nothing" }.hasPrefix("`label` nothing: there is no such column"))
        #expect(try read("e.arrow", stream) { $0.label = nil } == "no error")
        #expect(
            try read("f.arrow", stream) { ($0.label, $0.weight) = ("f4 gaps", "text gaps") }
                .contains("row "))
        #expect(
            message { _ = try DataFile(path: Self.fixture("file.arrow"), labels: "l.npy") }.contains("`labels` is for"))
        let empty = try DistributedTable.read(
            [Self.fixture("file.arrow")], options: Self.options, communicator: SoloCommunicator())
        #expect(empty.format == .arrow && empty.rows == 60)
    }

    /// Cut off, or with a number changed, anywhere: a message or rows, and soon.
    @Test(arguments: ["file.arrow", "zstd.feather", "deltas.arrow"]) func damageEndsInAMessage(name: String) throws {
        let folder = try ScratchFolder()
        let bytes = try fileBytes(Self.fixture(name))
        var generator = TestGenerator(state: 5)
        for _ in 0..<300 {
            var changed = bytes
            let place = Int.random(in: 0..<bytes.count - 8, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: changed.removeLast(place)
            case 1: changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            default:
                for index in place..<place + 4 {
                    changed[index] = [0xFF, 0x7F, 0][Int.random(in: 0..<3, using: &generator)]
                }
            }
            let path = try folder.write("damaged.arrow", changed)
            _ = try? DistributedTable.read(
                [path], options: Self.options, memoryLimit: 80_000_000, communicator: SoloCommunicator())
        }
    }

    @Test func floatsAreWhatTheirDigitsSay() {
        var generator = TestGenerator(state: 3)
        for _ in 0..<300_000 {
            let value = Float(bitPattern: UInt32.random(in: 0 ... .max, using: &generator))
            guard value.isFinite else { continue }
            #expect(DecimalValue.of(value) == Double(value.description))
        }
        for _ in 0..<300_000 {
            let digits = Int.random(in: 1...9, using: &generator)
            let scale = pow(10.0, Double(Int.random(in: -3...digits, using: &generator)))
            let value = Float(Double(Int.random(in: 0..<Int(pow(10.0, Double(digits))), using: &generator)) / scale)
            #expect(DecimalValue.of(-value) == Double((-value).description))
        }
        for exponent in -40..<40 {
            for value in [Float(sign: .plus, exponent: exponent, significand: 1)] {
                for near in [value, value.nextUp, value.nextDown] {
                    #expect(DecimalValue.of(near) == Double(near.description))
                }
            }
        }
    }

    @Test func decimalsOf128Bits() throws {
        func text(_ high: Int64, _ low: UInt64, scale: Int) -> String {
            var bytes = ArrowBytes(count: 16)
            bytes.buffer.storeBytes(of: low, as: UInt64.self)
            bytes.buffer.storeBytes(of: high, toByteOffset: 8, as: Int64.self)
            var column = ArrowColumn(kind: .decimal, rows: 1)
            (column.width, column.scale) = (16, scale)
            column.values = UnsafeRawPointer(bytes.buffer.baseAddress!)
            var text = ColumnText()
            text.write(column, 0)
            bytes = ArrowBytes(count: 0)
            return String(decoding: text.bytes, as: UTF8.self)
        }
        #expect(text(0, 12345, scale: 2) == "123.45")
        #expect(text(-1, UInt64(bitPattern: -5), scale: 2) == "-0.05")
        #expect(text(0, 7, scale: -3) == "7000")
        // 10³⁷ − 1 and −2¹²⁷.
        #expect(text(542_101_086_242_752_217, 68_739_955_140_067_327, scale: 0) == String(repeating: "9", count: 37))
        #expect(text(.min, 0, scale: 0) == "-170141183460469231731687303715884105728")
    }
}
