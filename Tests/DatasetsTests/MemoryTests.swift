import MPI
import Testing

@testable import Datasets

@Suite struct MemoryTests {
    @Test func estimateCountsParsedAndFinishedRows() {
        let dense = MemoryEstimate(
            rows: 1000, columns: 20, nonZeros: 10_000, isExact: true, ranks: 1, available: 1 << 40)
        #expect(dense.storage == .dense)
        #expect(dense.storedBytes == 1000 * (4 * 32 + 8))
        #expect(dense.parsedBytes == 1000 * 16 + 10_000 * 12)
        #expect(dense.bytesPerRank == dense.fixedBytes + dense.storedBytes + dense.parsedBytes)
        let sparse = MemoryEstimate(rows: 1000, columns: 2000, nonZeros: 10_000, isExact: true, ranks: 4, available: 1)
        #expect(sparse.storage == .sparse && sparse.storedBytes == 1000 * 16 + 80_000)
    }

    /// What the refusal names does fit, and one rank fewer does not.
    @Test(arguments: [100, 300, 1000]) func theNumberOfRanksNamedFits(megabytes: Int) throws {
        var estimate = MemoryEstimate(
            rows: 10_000_000, columns: 54, nonZeros: 120_000_000, isExact: false, ranks: 1, available: megabytes << 20)
        #expect(!estimate.fits)
        let needed = try #require(estimate.ranksNeeded)
        do {
            try estimate.check()
            Issue.record("does not refuse")
        } catch {
            #expect("\(error)".contains("use at least \(needed) ranks"))
        }
        estimate.ranks = needed
        #expect(estimate.fits)
        estimate.ranks = needed - 1
        #expect(!estimate.fits)
        estimate.available = 1 << 20
        #expect(estimate.ranksNeeded == nil)
    }

    @Test(arguments: ["a.svm", "a.svm.gz", "a.csv", "a.csv.gz"]) func theSampleIsCloseToTheTruth(name: String) throws {
        let folder = try TemporaryFolder()
        let text =
            name.hasPrefix("a.svm")
            ? String(repeating: libsvmText(rows: 80, columns: 30, density: 0.5), count: 40)
            : "a,b,label\n" + (0..<12_000).map { "\($0 % 97),\(Double($0) / 7),\($0 % 2)\n" }.joined()
        let path = try name.hasSuffix(".gz") ? folder.writeGzip(name, text) : folder.write(name, text)
        let seen = try onRanks(2) { communicator in
            let estimates = Collected<MemoryEstimate>()
            let table = try DistributedTable.read([path], communicator: communicator) { estimates.add($0) }
            return (estimates.all, table.rows, table.columns, table.nonZeros)
        }
        for (estimates, rows, columns, nonZeros) in seen {
            #expect(estimates.count == 1 && estimates == seen[0].0)
            let estimate = try #require(estimates.first)
            #expect(abs(Double(estimate.rows) / Double(rows) - 1) < 0.05)
            #expect(abs(Double(estimate.nonZeros) / Double(nonZeros) - 1) < 0.05)
            #expect(estimate.columns == columns)
            #expect(estimate.line.contains("per rank"))
        }
    }

    @Test func whatCannotFitIsRefusedBeforeItIsRead() throws {
        let folder = try TemporaryFolder()
        // The bad line, a quarter into the file, is not reached.
        let part = String(repeating: libsvmText(rows: 100, columns: 60, density: 0.9), count: 75)
        let path = try folder.write("a.svm", part + "nonsense\n" + part + part + part)
        let limit = 70 << 20
        let all = messages(2) { communicator in
            try DistributedTable.read([path], memoryLimit: limit, communicator: communicator).rows
        }
        #expect(all[0] == all[1])
        #expect(all[0].contains("on each of 2 ranks, but only 73.4 MB per rank are available: use at least"))
    }

    @Test func denseRowsThatDoNotFitAreKeptSparse() throws {
        let folder = try TemporaryFolder()
        let text = String(repeating: libsvmText(rows: 90, columns: 300, density: 0.12), count: 15)
        let path = try folder.write("a.svm", text)
        let limit = 64 << 20 + 1_200_000
        let one = try LoadingTests.load([path], ranks: 1)
        let all = try onRanks(1) { communicator in
            let table = try DistributedTable.read([path], memoryLimit: limit, communicator: communicator)
            let data = try table.assembleTraining(labels: .classes)
            guard case .sparse = data.training.features else { return (false, [PlacedRow](), [String]()) }
            return (true, data.training.placedRows, data.preprocessing.notes)
        }
        #expect(all[0].0)
        #expect(LoadingTests.close(all[0].1, one))
        #expect(all[0].2.contains { $0.contains("kept sparse") })
    }

    @Test func controlGroupsLimitWhatIsAvailable() throws {
        let folder = try TemporaryFolder()
        _ = try folder.make("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
        #expect(AvailableMemory(root: folder.path).bytes == 8000 * 1024)
        // Version 2: the group itself is free, the one that encloses it is not.
        _ = try folder.make("proc/self/cgroup", "0::/job/step\n")
        _ = try folder.make("sys/fs/cgroup/job/step/memory.max", "max\n")
        _ = try folder.make("sys/fs/cgroup/job/step/memory.current", "1000\n")
        _ = try folder.make("sys/fs/cgroup/job/memory.max", "500000\n")
        _ = try folder.make("sys/fs/cgroup/job/memory.current", "200000\n")
        _ = try folder.make("sys/fs/cgroup/job/memory.stat", "anon 5\ninactive_file 50000\nactive_file 7\n")
        #expect(AvailableMemory(root: folder.path).bytes == 350_000)
        // Version 1.
        _ = try folder.make("proc/self/cgroup", "5:cpu:/x\n4:memory:/uid_0/job_7\n0::/\n")
        _ = try folder.make("sys/fs/cgroup/memory/uid_0/job_7/memory.limit_in_bytes", "90000\n")
        _ = try folder.make("sys/fs/cgroup/memory/uid_0/job_7/memory.usage_in_bytes", "30000\n")
        _ = try folder.make("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
        _ = try folder.make("sys/fs/cgroup/memory/memory.usage_in_bytes", "30000\n")
        #expect(AvailableMemory(root: folder.path).bytes == 60_000)
    }

    @Test func thisMachineHasMemory() {
        #expect(AvailableMemory().bytes > 1 << 20 && AvailableMemory().bytes < 1 << 50)
    }
}
