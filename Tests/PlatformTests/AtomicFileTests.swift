import Foundation
import TestSupport
import Testing

@testable import Platform

@Suite struct AtomicFileTests {
    @Test func aFileIsWholeOrAsItWas() throws {
        try withFolder { folder in
            let path = folder + "/result.json"
            try AtomicFile.write("first", to: path)
            let writer = try AtomicFileWriter(path: path)
            try writer.write(Array("sec".utf8))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "first")
            try writer.write(Array("ond".utf8))
            try writer.commit()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
            let other = try AtomicFileWriter(path: path)
            try other.write(Array("third".utf8))
            other.abandon()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["result.json"])
        }
    }

    @Test func aFolderThatIsMissingIsNamed() {
        let error = #expect(throws: FileWriteError.self) { try AtomicFile.write("x", to: absentFolder + "/file") }
        #expect(error?.description == "cannot write \(absentFolder)/file: No such file or directory")
    }
}
