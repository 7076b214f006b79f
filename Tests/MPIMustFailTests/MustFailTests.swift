import Foundation
import MPI
import Testing

/// Jobs that go wrong, each started under a launcher of its own with a time limit. They live apart from `MPITests`, which
/// itself runs under a launcher.
@Suite(.serialized)
struct MustFailTests {
    @Test(arguments: 1...4)
    func soundJobEndsWell(ranks: Int) throws {
        let job = try Job.run(ranks, "sum")
        #expect(job.status == 0)
        #expect(job.output.contains("\(ranks) ranks"))
    }

    @Test func withoutALauncherItIsOneRank() throws {
        let job = try Job.run([Job.scenarios, "sum"])
        #expect(job.status == 0)
        #expect(job.output.contains("1 ranks"))
    }

    /// A peer that never comes ends the job with the waiting rank's message, whatever the call.
    @Test(arguments: [
        ("stalled-peer", "in allreduce, call number 2"), ("stopped-peer", "in barrier, call number 2"),
        ("stalled-request", "in barrier, call number 1"), ("missing-call", "in allreduce, call number 1"),
    ])
    func stalledPeerEndsTheJob(scenario: String, call: String) throws {
        var job = try Job.run(3, scenario, "1")
        // Open MPI 4.1's launcher itself crashes in about one of twelve jobs that abort; its status is then its own.
        for _ in 0..<2 where job.status != 75 {
            #expect(job.status != 0)
            job = try Job.run(3, scenario, "1")
        }
        #expect(job.status == 75)
        #expect(job.output.contains(call))
        #expect(job.output.contains("stall timeout 1 s"))
    }

    /// The lowest waiting rank names the one that gives no sign, long before the job ends, and once more at the end.
    @Test func theRankWaitedForIsNamed() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/stall-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let job = try Job.run(3, "reported-stop", "2", folder)
        #expect(job.status != 0)
        let reports = job.output.split(separator: "\n").filter { $0.contains("report: ") }
        #expect(reports.count == 1)
        let said = "2 of 3 ranks wait since "
        #expect(reports.first?.contains(said) == true)
        #expect(reports.first?.contains("in allreduce, call number") == true)
        #expect(reports.first?.contains("for rank 2 on ") == true)
        #expect(reports.first?.contains("gives no sign") == true)
        let end = job.output.split(separator: "\n").first { $0.contains("Ending the job") }
        #expect(end?.contains("rank 0 of 3") == true)
        #expect(end?.contains("for rank 2 on ") == true)
    }

    /// A rank that works for long is told from a dead one, the job goes on, and the notes are gone afterwards.
    @Test func aRankAtWorkIsToldFromADeadOne() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/stall-\(UUID().uuidString)"
        let job = try Job.run(3, "reported-work", "6", folder)
        #expect(job.status == 0)
        #expect(job.output.contains("for rank 2 on "))
        #expect(job.output.contains("at work outside MPI since "))
        #expect(!job.output.contains("no sign"))
    }

    @Test func killedRankEndsTheJob() throws {
        let job = try Job.run(3, "killed-rank", "0")
        #expect(job.status != 0)
        #expect(!job.hasTimedOut)
    }

    @Test func abortSaysItOnce() throws {
        let job = try Job.run(3, "abort")
        #expect(job.status == 7)
        #expect(job.output.components(separatedBy: "the last rank gives up").count == 2)
    }

    @Test func agreedErrorIsPrintedOnce() throws {
        let job = try Job.run(3, "one-fails")
        #expect(job.status == 2)
        #expect(job.output.components(separatedBy: "rank 2 of 3: data.svm, line 12: bad number").count == 2)
    }

    /// Ranks of a launcher that this MPI does not know are worlds of one. The other launcher is imitated by its
    /// variables: it need not be installed.
    @Test func wrongLauncherIsRefused() throws {
        let imitated =
            Job.isOpenMPI
            ? ["PMI_SIZE": "4", "PMI_RANK": "0"] : ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"]
        let job = try Job.run([Job.scenarios, "sum"], environment: imitated)
        #expect(job.status == 3)
        #expect(job.output.contains("4 separate worlds of one: wrong launcher"))
        #expect(job.output.contains(MPIEnvironment.libraryVersion))
    }
}
