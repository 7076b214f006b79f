import Testing

@testable import Cluster

@Suite struct DiagnosisTests {
    private func rank(
        _ host: String, processors: String = "0-7", count: Int = 8, threads: Int = 1, read: Double = 10,
        product: Double = 90
    ) -> RankFacts {
        RankFacts(
            host: host, threads: threads, processors: processors, processorCount: count, hostProcessors: 8,
            model: "a processor", memory: 1 << 30, clock: 0, readRate: read, productRate: product)
    }

    private func diagnosis(
        _ ranks: [RankFacts], latency: Double = 2e-5, folder: SharedFolderProbe = SharedFolderProbe(folder: "/home")
    ) -> Diagnosis {
        Diagnosis(
            ranks: ranks, allreduce: [.init(bytes: 8, seconds: latency)], folder: folder, missingSettings: nil,
            isInSlurmJob: false)
    }

    @Test func aSoundClusterHasNothingToMend() {
        let sound = diagnosis([rank("a"), rank("a"), rank("b"), rank("b")])
        #expect(sound.findings.isEmpty)
        #expect(sound.hosts.map(\.name) == ["a", "b"])
        #expect(sound.hosts.map(\.ranks) == [[0, 1], [2, 3]])
    }

    @Test func slowRanksAreNamed() {
        let slow = diagnosis([rank("a"), rank("a"), rank("b"), rank("b", read: 5), rank("c", product: 40)])
        #expect(slow.slow.map(\.rank) == [3, 4])
        #expect(slow.findings.map(\.problem).first?.contains("rank 3 on b has 50 %") == true)
        #expect(slow.findings.allSatisfy { !$0.isError })
    }

    @Test func ranksOnOneProcessorAreAnError() {
        let bound = diagnosis([rank("a", processors: "0", count: 1), rank("a", processors: "0", count: 1)])
        #expect(bound.findings.map(\.isError) == [true])
        #expect(bound.findings.first?.problem == "a: all 2 ranks share processor 0")
        let apart = diagnosis([rank("a", processors: "0", count: 1), rank("a", processors: "1", count: 1)])
        #expect(apart.findings.isEmpty)
    }

    @Test func threadsWithoutProcessors() {
        #expect(
            diagnosis([rank("a", threads: 6), rank("a", threads: 6)]).findings.first?.problem.contains("12 threads")
                == true)
        let bound = diagnosis([rank("a", processors: "0", count: 1, threads: 4)])
        #expect(bound.findings.first?.remedy.contains("--cpus-per-task=4") == true)
    }

    @Test func otherFoldersAreAnError() {
        var folder = SharedFolderProbe(folder: "/tmp")
        folder.blind = [2]
        let apart = diagnosis([rank("a"), rank("a"), rank("b")], folder: folder)
        #expect(apart.findings.map(\.isError) == [true])
        #expect(apart.findings.first?.problem == "/tmp on b is not the one of rank 0")
    }

    @Test func aSlowNetworkIsMentioned() {
        #expect(diagnosis([rank("a"), rank("b")], latency: 3e-3).findings.count == 1)
    }

    @Test func listsOfRanks() {
        #expect(Diagnosis.list([0, 1, 2, 5, 7, 8]) == "0-2, 5, 7-8")
        #expect(Diagnosis.list([3]) == "3")
    }
}
