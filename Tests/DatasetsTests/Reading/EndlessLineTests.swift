import Platform
import Testing

@testable import Datasets

/// Lines and tables that grow beyond what a row can be.
@Suite struct EndlessLineTests {
    /// As from 14 MB of packed zeros; the line before is good.
    @Test(arguments: ["a.svm", "a.svm.gz"]) func aLineWithoutEndIsRefused(name: String) throws {
        let folder = try ScratchFolder()
        let text = Array("1 1:2\n".utf8) + [UInt8](repeating: 0x30, count: 1 << 16)
        let path = try folder.write(name, name.hasSuffix("gz") ? GzipTests.compress(text) : text)
        let reader = try TextReader(.file(path), chunkSize: 100, longestLine: 1 << 12)
        #expect(try reader.next()?.bytes == Array("1 1:2\n".utf8))
        let said = message { _ = try reader.next() }
        #expect(said.contains("\(name):2: a line does not end within 4 kB"), "\(said)")
        // A line of the greatest length is one.
        let whole = try TextReader(.file(path), chunkSize: 100, longestLine: 1 << 17)
        #expect(try whole.all().reduce(0) { $0 + $1.count } == text.count)
    }

    @Test func longLinesComeWhole() throws {
        let folder = try ScratchFolder()
        let lines = [3, 5000, 1, 70_000, 12].map { String(repeating: "7", count: $0) + "\n" }
        for end in ["", ".gz"] {
            let text = Array(lines.joined().utf8)
            let path = try folder.write("a" + end, end.isEmpty ? text : GzipTests.compress(text))
            for size in [1, 64, 1000, 1 << 20] {
                let chunks = try TextReader(stream: path, chunkSize: size).all()
                #expect(chunks.flatMap(\.bytes) == text)
                #expect(chunks.allSatisfy { $0.bytes.last == 0x0A })
            }
        }
    }

    @Test func aTableHasAMillionColumnsAtMost() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("a.csv", [UInt8](repeating: 0x2C, count: CSVTokenizer.mostFields + 5))
        #expect(message { _ = try DataFile(path: path) }.contains("a.csv:1: has more than 1048576 fields"))
    }

    /// What is told of one column is not made for all of them, column after column.
    @Test func manyColumnsTakeNoTime() throws {
        let folder = try ScratchFolder()
        let rows = (0..<4).map { row in
            (0..<20_000).map { "\(($0 * row) % 7)" }.joined(separator: ",") + ",\(row % 2)\n"
        }
        let path = try folder.write("a.csv", rows.joined())
        let (columns, time) = try onRanks(1) { communicator in
            let start = seconds(CLOCK_THREAD_CPUTIME_ID)
            var options = ReadOptions()
            options.label = "-1"
            let table = try DistributedTable.read([path], options: options, communicator: communicator)
            let columns = try table.assembleTraining(labels: .values).preprocessing.featureCount
            return (columns, seconds(CLOCK_THREAD_CPUTIME_ID) - start)
        }[0]
        #expect(columns == 20_000 && time < 30)
    }

    /// Memory for entries follows the bytes of rows, not the number of line ends.
    @Test func blankLinesBesideAWideTableTakeNoMemory() throws {
        let folder = try ScratchFolder()
        let names = (0..<2000).map { "c\($0)" }.joined(separator: ",")
        let row = [String](repeating: "1", count: 2000).joined(separator: ",")
        let blank = String(repeating: "\n", count: 3_000_000)
        let path = try folder.write("a.csv", "\(names),y\n\(row),1\n\(row),0\n\(blank)\(row),1\n")
        let rows = try onRanks(1) { communicator in
            let table = try DistributedTable.read([path], communicator: communicator)
            return (table.rows, table.nonZeros)
        }
        #expect(rows[0] == (3, 6000))
    }

    /// The sample that is looked at first does not see it.
    @Test func aLargestFeatureThatNoSampleSeesIsRefusedBeforeItTakesMemory() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<150_000).map { "\($0 % 2) 1:\($0 % 7)\($0 == 30_000 ? " 2147483647:1" : " 2:1")\n" }
        let path = try folder.write("a.svm", lines.joined())
        for said in messages(2, { _ = try DistributedTable.read([path], communicator: $0) }) {
            #expect(said.contains("not even an empty rank fits"), "\(said)")
        }
    }

    @Test func estimatesOfAnySizeAreNumbers() {
        let estimate = MemoryEstimate(
            rows: .max, columns: Int(Int32.max), nonZeros: .max, isExact: false, ranks: 3, available: 1 << 30)
        #expect(!estimate.fits && estimate.bytesPerRank > 1 << 60)
        #expect(estimate.line.contains("per rank"))
    }
}
