import Foundation
import MPI
import Platform
import Testing

@testable import Datasets

/// Wrong data ends with one clear message that is the same on all ranks.
@Suite struct LoadingErrorTests {
    /// The message of reading and assembling, which all ranks must share.
    private func message(
        _ paths: [String], ranks: Int = 3, kind: LabelKind = .classes, options: ReadOptions = ReadOptions(),
        assembly: AssemblyOptions = AssemblyOptions()
    ) -> String {
        let all = messages(ranks) { communicator in
            let table = try DistributedTable.read(paths, options: options, communicator: communicator)
            return try table.assembleTraining(labels: kind, options: assembly).training.order.count
        }
        #expect(Set(all).count == 1, "ranks disagree: \(all)")
        return all[0]
    }

    @Test func aBadLineIsNamedWithItsNumberWhoeverReadsIt() throws {
        let folder = try TemporaryFolder()
        for (rows, bad) in [(40, 3), (40, 20), (40, 39), (1, 0)] {
            var lines = libsvmText(rows: rows, columns: 4, density: 0.5).split(separator: "\n").map(String.init)
            lines[bad] = "1 1:0.5 nonsense"
            let plain = try folder.write("bad.svm", lines.joined(separator: "\n"))
            #expect(message([plain]).contains("bad.svm:\(bad + 1): 'nonsense' is not index:value"))
            let zipped = try folder.writeGzip("bad.svm.gz", lines.joined(separator: "\n"))
            #expect(
                message([zipped]).hasSuffix("bad.svm.gz:\(bad + 1): 'nonsense' is not index:value (there is no colon)"))
        }
    }

    @Test func twoRanksFailAndTheFirstErrorIsTold() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("bad.svm", "1 1:x\n" + libsvmText(rows: 30, columns: 3, density: 1) + "1 1:y\n")
        #expect(message([path]).contains("bad.svm:1: '1:x'"))
    }

    @Test func missingAndEmptyFiles() throws {
        let folder = try TemporaryFolder()
        #expect(message([folder.path + "/none.svm"]).contains("none.svm: cannot open: No such file"))
        #expect(message([try folder.write("empty.svm", "")]).contains("empty.svm: is empty"))
        #expect(message([try folder.write("blank.svm", "\n# nothing\n\n")]).contains("there are no rows"))
        try FileManager.default.createDirectory(atPath: folder.path + "/inner", withIntermediateDirectories: true)
        #expect(message([folder.path + "/inner"]).contains("the folder has no files"))
        #expect(message([]).contains("no data file"))
    }

    /// As with a disk that only some nodes have.
    @Test func aFileThatOneRankCannotSeeNamesItsHost() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", "1 1:1\n0 1:2\n")
        let all = messages(3) { communicator in
            let mine = communicator.rank == 1 ? path + ".gone" : path
            return try DistributedTable.read([mine], communicator: communicator).rows
        }
        #expect(Set(all).count == 1)
        #expect(
            all[0].contains("rank 1 of 3") && all[0].contains("on host \(hostName())") && all[0].contains("copy it"))
    }

    @Test func ranksThatSeeDifferentFilesAreTold() throws {
        let folder = try TemporaryFolder()
        let paths = [try folder.write("a.svm", "1 1:1\n0 1:2\n"), try folder.write("b.svm", "1 1:1\n")]
        let all = messages(2) { communicator in
            try DistributedTable.read([paths[communicator.rank]], communicator: communicator).rows
        }
        #expect(all.allSatisfy { $0.contains("the ranks see different files") })
    }

    @Test(arguments: [1, 3]) func truncatedGzip(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.writeGzip("a.svm.gz", libsvmText(rows: 3000, columns: 8, density: 0.7))
        let bytes = try fileBytes(path)
        let cut = try folder.write("cut.svm.gz", bytes: Array(bytes.prefix(bytes.count / 2)))
        #expect(message([cut], ranks: ranks).contains("cut.svm.gz: the gzip data ends too early"))
    }

    @Test func labelsThatDoNotSuitTheTask() throws {
        let folder = try TemporaryFolder()
        let same = try folder.write("same.svm", "1 1:1\n1 1:2\n1 1:3\n")
        #expect(message([same]).contains("every label is '1'"))
        #expect(message([same], kind: .values) == "no error")
        let text = try folder.write("a.csv", "x,y\n1,a\n2,b\n3,a\n")
        #expect(message([text], kind: .values).contains("the labels are text ('a')"))
        let many = try folder.write("many.svm", (0..<1100).map { "\(Double($0) / 7) 1:\($0)\n" }.joined())
        #expect(message([many]).contains("more than 1000 distinct values"))
    }

    @Test func tooFewRowsOrFeatures() throws {
        let folder = try TemporaryFolder()
        let one = try folder.write("one.svm", "1 1:1\n")
        #expect(message([one], kind: .values).contains("at least 2 rows; there are 1"))
        #expect(message([try folder.write("bare.svm", "1\n0\n1\n")], options: libsvm).contains("no features"))
        var assembly = AssemblyOptions()
        assembly.validationFraction = 1e-9
        let small = try folder.write("small.svm", "1 1:1\n0 1:2\n")
        #expect(message([small], assembly: assembly).contains("leaves no validation row of 2"))
        assembly.validationFraction = 1.5
        #expect(message([small], assembly: assembly).contains("give one from 0 to below 1"))
    }

    private var libsvm: ReadOptions {
        var options = ReadOptions()
        options.format = .libsvm
        return options
    }

    @Test func weightsMustNotBeNegativeOrAllZero() throws {
        let folder = try TemporaryFolder()
        var options = ReadOptions()
        options.weight = "w"
        let negative = try folder.write("negative.csv", "x,w,y\n1,1,a\n2,-3,b\n3,1,a\n")
        #expect(message([negative], options: options).contains("negative.csv"))
        let zero = try folder.write("zero.csv", "x,w,y\n1,0,a\n2,0,b\n3,0,a\n")
        #expect(message([zero], options: options).contains("every row has weight 0"))
    }

    @Test func valuesBeyondFloatAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("huge.svm", "1 1:1e30 2:1\n0 1:2 2:5\n1 1:-3e30\n")
        var assembly = AssemblyOptions()
        assembly.standardization = StandardizationKind.none
        #expect(message([path], assembly: assembly).contains("feature 1 has values up to 3e+30"))
        #expect(message([path]) == "no error")
        let sum = try folder.write("sum.svm", "1 1:1e308\n0 1:1.5e308\n1 1:1.7e308\n")
        #expect(message([sum]).contains("too large to be summed"))
    }

    @Test func filesOfDifferentFormatOrWidth() throws {
        let folder = try TemporaryFolder()
        let svm = try folder.write("a.svm", "1 1:1\n0 1:2\n")
        let csv = try folder.write("a.csv", "x,y\n1,a\n2,b\n")
        #expect(message([svm, csv]).contains("files read together must have one format"))
        // LIBSVM: the widest file counts.
        let wide = try folder.write("wide.svm", "1 1:1 7:1\n0 1:2\n")
        #expect(message([svm, wide]) == "no error")
    }
}
