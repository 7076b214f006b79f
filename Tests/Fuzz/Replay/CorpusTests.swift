import Foundation
import Platform
import Testing

/// Files that readers have stumbled over, and sound ones beside them: every reader gets through its own, and through those of
/// all others. `make fuzz` looks for more.
@Suite(.serialized) struct CorpusTests {
    private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("corpus")

    private static func files(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = corpus.appendingPathComponent(target.rawValue)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            (name, [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
        }
    }

    @Test(arguments: FuzzTarget.allCases) func everyReaderGetsThrough(target: FuzzTarget) throws {
        let folder = FuzzFolder()
        let own = try Self.files(of: target)
        #expect(!own.isEmpty)
        for (name, bytes) in own {
            let start = seconds(CLOCK_THREAD_CPUTIME_ID)
            target.read(bytes, in: folder)
            #expect(seconds(CLOCK_THREAD_CPUTIME_ID) - start < 20, "\(target.rawValue)/\(name)")
            // Cut off anywhere.
            for part in 1..<8 { target.read(Array(bytes.prefix(bytes.count * part / 8)), in: folder) }
        }
        for other in FuzzTarget.allCases where other != target {
            for (_, bytes) in try Self.files(of: other).prefix(2) { target.read(bytes, in: folder) }
        }
    }

    /// A few kilobytes for each reader: the repository is no place for more.
    @Test func theCorpusIsSmall() throws {
        let sizes = try FuzzTarget.allCases.map { try Self.files(of: $0).reduce(0) { $0 + $1.bytes.count } }
        #expect(sizes.reduce(0, +) < 200_000)
    }
}
