import Testing

@testable import Datasets

@Suite struct DataFileTests {
    /// A time of day at the end of every line is no index and value.
    @Test func timesAreNoPairs() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t", "x,y,when\n" + (10..<30).map { "1,2,2020-01-\($0) 07:\($0)\n" }.joined())
        #expect(try DataFile(path: path).format == .csv)
    }

    @Test func tellsFormatsApart() throws {
        let folder = try ScratchFolder()
        func format(_ name: String, _ text: String) throws -> DataFile.Format {
            try DataFile(path: try folder.write(name, text)).format
        }
        #expect(try format("a", "1 1:2 3:4\n-1 2:2\n") == .libsvm)
        #expect(try format("a.txt", "# made by x, y\n1 qid:1 1:2 # a, b\n") == .libsvm)
        #expect(try format("a", "x,y\n1,2\n") == .csv)
        #expect(try format("a", "x\ty\n1\t2\n") == .csv)
        #expect(try format("a.csv", "x\n1\n") == .csv)
        #expect(try format("a.csv", "time,y\n12:30,2\n") == .csv)
        #expect(try format("a.svm", "1\n-1\n") == .libsvm)
        #expect(try format("a", "12:30 1:20,5\n") == .csv)
    }

    @Test func refusesWhatItCannotRead() throws {
        let folder = try ScratchFolder()
        func refusal(_ name: String, _ bytes: [UInt8]) -> String {
            message { _ = try DataFile(path: try folder.write(name, bytes)) }
        }
        #expect(refusal("a", Array("one two three\n".utf8)).contains("say which it is with `format`"))
        #expect(refusal("a.csv", []).contains("is empty"))
        #expect(refusal("a", [0x50, 0x4B, 3, 4, 0, 0]).contains("zip archive"))
        #expect(refusal("a", [0xFF, 0xFE, 0x31]).contains("UTF-16"))
        #expect(refusal("a.parquet", Array("PAR1....".utf8)).contains("is cut off"))
        #expect(refusal("a.npy.gz", GzipTests.compress(NPYHeader.magic + [1, 0])).contains("header is cut off"))
    }

    @Test func theOptionWins() throws {
        let folder = try ScratchFolder()
        var options = ReadOptions()
        options.format = .libsvm
        #expect(try DataFile(path: try folder.write("a.csv", "1 1:2\n"), options: options).format == .libsvm)
    }
}
