import Testing

@testable import Datasets

@Suite struct TextReaderTests {
    /// Lines of many lengths, blank ones, and no line end at the end when asked.
    static func text(lines: Int, seed: UInt64, endsWithLineEnd: Bool) -> [UInt8] {
        var generator = TestGenerator(state: seed)
        var bytes: [UInt8] = []
        for line in 0..<lines {
            let length = [0, 1, 3, 10, 40].randomElement(using: &generator) ?? 0
            bytes += Array("\(line)".utf8) + Array(repeating: 0x61, count: length) + [0x0A]
            if Bool.random(using: &generator) { bytes.append(0x0A) }
        }
        if !endsWithLineEnd { while bytes.last == 0x0A { bytes.removeLast() } }
        return bytes
    }

    @Test(arguments: [true, false])
    func rangesYieldEveryLineOnce(endsWithLineEnd: Bool) throws {
        let folder = try ScratchFolder()
        var generator = TestGenerator(state: 3)
        for trial in 0..<60 {
            let bytes = Self.text(lines: trial, seed: UInt64(trial), endsWithLineEnd: endsWithLineEnd)
            let path = try folder.write("t.txt", bytes)
            let cuts = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                Int.random(in: 0...bytes.count, using: &generator)
            }
            let edges = [0] + cuts.sorted() + [bytes.count]
            let size = Int.random(in: 1...64, using: &generator)
            var joined: [UInt8] = []
            for (start, end) in zip(edges, edges.dropFirst()) {
                for chunk in try TextReader(path: path, range: start..<end, chunkSize: size).all() {
                    #expect(chunk.offset >= start && chunk.offset < end)
                    #expect(chunk.offset == 0 || bytes[chunk.offset - 1] == 0x0A)
                    #expect(Array(bytes[chunk.offset..<chunk.offset + chunk.bytes.count]) == chunk.bytes)
                    joined += chunk.bytes
                }
            }
            #expect(joined == bytes)
        }
    }

    @Test func everySingleCutOfASmallFile() throws {
        let folder = try ScratchFolder()
        let bytes = Array("a\n\nbb\r\nccc\n\n\ndddd".utf8)
        let path = try folder.write("t.txt", bytes)
        for cut in 0...bytes.count {
            let parts = try [0..<cut, cut..<bytes.count].map { range in
                try TextReader(path: path, range: range, chunkSize: 2).all().flatMap(\.bytes)
            }
            #expect(parts[0] + parts[1] == bytes)
            #expect(parts[0].isEmpty || parts[0].last == 0x0A || parts[0].count == bytes.count)
        }
    }

    @Test func streamsKnowTheirLines() throws {
        let folder = try ScratchFolder()
        let bytes = Self.text(lines: 200, seed: 9, endsWithLineEnd: false)
        let path = try folder.write("t.txt", bytes)
        for size in [1, 7, 100, 10_000] {
            let chunks = try TextReader(stream: path, chunkSize: size).all()
            #expect(chunks.flatMap(\.bytes) == bytes)
            for chunk in chunks {
                #expect(chunk.firstLine == 1 + bytes[..<chunk.offset].count { $0 == 0x0A })
            }
        }
    }

    @Test func peekTakesNothing() throws {
        let folder = try ScratchFolder()
        let reader = try TextReader(stream: try folder.write("t.txt", "a\nb\nc\n"), chunkSize: 2)
        #expect(try reader.peek()?.bytes == Array("a\n".utf8))
        #expect(try reader.all().flatMap(\.bytes) == Array("a\nb\nc\n".utf8))
    }

    @Test func errorsInTheMiddleOfAFileFindTheirLine() throws {
        let folder = try ScratchFolder()
        let text = String(repeating: "1 1:2\n", count: 99) + "1 1:x\n" + String(repeating: "1 1:2\n", count: 50)
        let path = try folder.write("t.svm", text)
        let found = message {
            for chunk in try TextReader(path: path, range: 301..<text.utf8.count, chunkSize: 50).all() {
                _ = try LIBSVMParser().parse(chunk)
            }
        }
        #expect(found.hasPrefix(path + ":100: "), "\(found)")
    }

    @Test func countsBytesOfAnyLength() {
        var generator = TestGenerator(state: 4)
        for count in [0, 1, 7, 8, 9, 63, 2040, 2047, 2048, 9000] {
            for values in [[0x0A], [0x0A, 0x0B, 0x8A, 0x00, 0xFF]] as [[UInt8]] {
                let bytes = (0..<count).map { _ in values.randomElement(using: &generator) ?? 0 }
                let counted = bytes.withUnsafeBufferPointer { countBytes(0x0A, in: $0) }
                #expect(counted == bytes.count { $0 == 0x0A })
            }
        }
    }

    @Test func missingFilesAndFolders() throws {
        let folder = try ScratchFolder()
        #expect(
            message { _ = try TextReader(stream: folder.path + "/no") }.hasSuffix(
                "cannot open: No such file or directory"))
        #expect(message { _ = try TextReader(stream: folder.path) }.contains("is a directory"))
        #expect(message { _ = try DataFile(path: "/dev/null") }.contains("is not a regular file"))
    }
}
