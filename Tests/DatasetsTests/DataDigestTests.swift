import MPI
import Testing

@testable import Datasets

/// A digest tells data sets apart, and nothing else.
@Suite struct DataDigestTests {
    private func digest(_ paths: [String], ranks: Int = 1, cache: DataCache.Place? = nil, weight: String? = nil) throws
        -> String
    {
        let all = try onRanks(ranks) { communicator in
            var reading = ReadOptions()
            reading.weight = weight
            let options = AssemblyOptions()
            let table = try DistributedTable.read(
                paths, options: reading, cache: cache.map { DataCache($0, options: options) },
                communicator: communicator)
            return try table.assembleTraining(labels: .classes, options: options).digest ?? "none"
        }
        #expect(Set(all).count == 1)
        return all[0]
    }

    private let table = (0..<60).map { "\($0 % 2) 1:\(Double($0) / 8) \($0 % 3 + 2):\($0 % 5 + 1)" }

    @Test func ranksFilesAndCachesDoNotMatter() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", table.joined(separator: "\n") + "\n")
        let parts = try [table[..<23], table[23...]].enumerated().map { index, part in
            try folder.write("part\(index).svm", part.joined(separator: "\n") + "\n")
        }
        let alone = try digest([path])
        for ranks in 2...4 { #expect(try digest([path], ranks: ranks) == alone) }
        #expect(try digest(parts, ranks: 3) == alone)
        let place = DataCache.Place.folder(folder.path + "/cache")
        for ranks in [2, 1, 3] { #expect(try digest([path], ranks: ranks, cache: place) == alone) }
    }

    @Test func anyChangeIsSeen() throws {
        let folder = try TemporaryFolder()
        let alone = try digest([try folder.write("a.svm", table.joined(separator: "\n") + "\n")])
        var others: [String: [String]] = ["order": table.reversed()]
        others["labels"] = table.map { ($0.hasPrefix("1") ? "0" : "1") + $0.dropFirst() }
        others["two labels"] = [table[1], table[0]] + table[2...]
        others["a value"] = [table[0]] + [table[1].replacing("0.125", with: "0.126")] + table[2...]
        others["a column"] = [table[0]] + [table[1].replacing("3:", with: "2:")] + table[2...]
        var all = [alone]
        for (name, lines) in others {
            let found = try digest([try folder.write("b.svm", lines.joined(separator: "\n") + "\n")])
            #expect(!all.contains(found), "\(name)")
            all.append(found)
        }
        let weighted = (0..<20).map { "\($0),\(1 + $0 % 3),\($0 % 2)" }
        let heavier = weighted.map { $0.replacing(",3,", with: ",4,") }
        func csv(_ lines: [String]) throws -> String {
            try digest([try folder.write("w.csv", "x,w,y\n" + lines.joined(separator: "\n") + "\n")], weight: "w")
        }
        #expect(try csv(weighted) != csv(heavier))
    }
}
