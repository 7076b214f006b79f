import Foundation
import MPI
import Testing

@testable import Datasets

/// Loading over real MPI. The outer test starts this bundle again under the launcher; in that job, the inner test is
/// one rank of several, and without a launcher it is a world of one.
@Suite(.serialized) struct LoadingInAJob {
    private static let folderVariable = "CRESCENDO_LOADING_JOB"

    @Test func everyRankHoldsItsPartOfTheSameOrder() throws {
        let environment = ProcessInfo.processInfo.environment
        let isInJob = environment[Self.folderVariable] != nil
        let own = isInJob ? nil : try TemporaryFolder()
        let folder = try #require(environment[Self.folderVariable] ?? own?.path)
        if let own { try Self.fill(own) }
        let job = isInJob ? try MPIEnvironment.start(threads: .multiple, stallTimeout: 60) : nil
        let world = job?.world ?? SoloCommunicator()
        for names in [["a.svm"], ["a.svm.gz"], ["a.svm.gz", "a.svm"], ["table.csv"]] {
            let paths = names.map { folder + "/" + $0 }
            let mine = try Self.load(paths, world)
            let all = try Self.load(paths, SoloCommunicator())
            #expect(LoadingTests.close(mine, mine.map { all[$0.position] }))
            #expect(try world.allreduce(mine.count, .sum) == all.count)
        }
        // One rank meets the error, all throw it.
        let message = #expect(throws: DatasetError.self) { try Self.load([folder + "/bad.svm.gz"], world) }
        #expect(message?.description.contains("bad.svm.gz:700:") == true)
        try job?.finalize()
    }

    private static func load(_ paths: [String], _ communicator: any Communicator) throws -> [PlacedRow] {
        try DistributedTable.read(paths, communicator: communicator).assembleTraining(labels: .classes)
            .training.placedRows
    }

    private static func fill(_ folder: TemporaryFolder) throws {
        let text = libsvmText(rows: 800, columns: 10, density: 0.6)
        _ = try folder.write("a.svm", text)
        _ = try folder.writeGzip("a.svm.gz", text)
        var lines = text.split(separator: "\n")
        lines[699] = "1 1:1 2"
        _ = try folder.writeGzip("bad.svm.gz", lines.joined(separator: "\n"))
        let rows = (0..<300).map { "\($0 % 9 == 0 ? "" : String($0)),\(["red", "blue", "green"][$0 % 3]),\($0 % 2)\n" }
        _ = try folder.write("table.csv", "number,colour,label\n" + rows.joined())
    }

    @Test(arguments: [2, 4]) func underTheLauncher(ranks: Int) throws {
        guard ProcessInfo.processInfo.environment[Self.folderVariable] == nil else { return }
        let folder = try TemporaryFolder()
        try Self.fill(folder)
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let launcher = MPIEnvironment.libraryVersion.contains("Open MPI") ? "mpirun.openmpi" : "mpiexec.mpich"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "timeout", "-k", "5", "120", launcher, "-n", "\(ranks)", bundle, "--testing-library", "swift-testing",
            "--filter", "LoadingInAJob/everyRankHoldsItsPartOfTheSameOrder",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging([
            Self.folderVariable: folder.path,
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
        ]) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(output)")
        #expect(output.components(separatedBy: "1 test in 1 suite passed").count == ranks + 1, "\(output)")
    }
}
