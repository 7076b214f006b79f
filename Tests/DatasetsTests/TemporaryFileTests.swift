import Foundation
import Testing

@testable import Datasets
@testable import Platform

@Suite struct TemporaryFileTests {
    @Test func whatIsLeftIsRemovedAndWhatIsWrittenIsNot() throws {
        let folder = try TemporaryFolder()
        let place = folder.path + "/a.cache"
        let written = try #require(TemporaryFile(beside: place))
        let left = try #require(TemporaryFile(beside: place))
        // As the end of its process does.
        close(left.descriptor)
        let other = try folder.write("a.cache.tmp-elsewhere-x", "")
        let foreign = try folder.write("b.cache.tmp-\(hostName())-x", "")
        try FileManager.default.createSymbolicLink(
            atPath: place + ".tmp-\(hostName())-link", withDestinationPath: foreign)
        TemporaryFile.removeLeft(beside: place)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.contains { written.path.hasSuffix("/" + $0) })
        #expect(!names.contains { left.path.hasSuffix("/" + $0) })
        #expect(names.contains { other.hasSuffix("/" + $0) } && names.contains { foreign.hasSuffix("/" + $0) })
        #expect(names.count == 4)
        close(written.descriptor)
    }

    @Test func namesDifferAndLinksAreNotFollowed() throws {
        let folder = try TemporaryFolder()
        let files = (0..<20).compactMap { _ in TemporaryFile(beside: folder.path + "/x") }
        #expect(Set(files.map(\.path)).count == 20)
        for file in files { close(file.descriptor) }
        #expect(TemporaryFile(beside: folder.path + "/absent/x") == nil)
    }

    @Test func aKilledCacheWriterLeavesNothingForLong() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 60, columns: 5, density: 0.6))
        let place = DataCache.Place.folder(folder.path + "/cache")
        _ = try CacheTests.load([path], ranks: 2, cache: place)
        let name = try #require(try CacheTests.cacheFiles(folder).first)
        _ = try folder.write("cache/\(name).tmp-\(hostName())-1", "half")
        #expect(try CacheTests.load([path], ranks: 2, cache: place).isFromCache)
        #expect(try CacheTests.cacheFiles(folder) == [name])
    }
}
