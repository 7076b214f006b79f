import Foundation
import TestSupport
import Testing

@testable import Cluster
@testable import crescendo

@Suite struct ThreadCountTests {
    private func count(
        _ option: Int? = nil, _ variables: [String: String] = [:], processors: Int = 8, usable: Int = 2
    ) throws -> ThreadCount {
        try ThreadCount(option: option, environment: { variables[$0] }, processors: processors, usable: usable)
    }

    @Test func theOptionWinsThenSlurmThenOpenMP() throws {
        let both = ["SLURM_CPUS_PER_TASK": "3", "OMP_NUM_THREADS": "5,2"]
        #expect(try count(7, both).count == 7)
        #expect(try count(nil, both).count == 3)
        #expect(try count(nil, ["OMP_NUM_THREADS": "5,2"]).count == 5)
        for odd in ["", "0", "-3", "many", "99999999999999999999"] {
            let odd = try count(nil, ["OMP_NUM_THREADS": odd])
            #expect(odd.count == 1 && odd.note == nil)
        }
        #expect(try count().note == nil)
    }

    @Test func thereIsALimit() throws {
        #expect(try count(32).count == 32)
        #expect { try count(33) } throws: { error in
            "\(error)".hasPrefix("--threads 33 is more than 32, the most on the 8 processors of this machine: give")
        }
        #expect(try count(16, processors: 1).count == 16)
        #expect(throws: ThreadCount.TooMany.self) { try count(17, processors: 1) }
        let clamped = try count(nil, ["OMP_NUM_THREADS": "99999"])
        #expect(clamped.count == 2)
        #expect(clamped.note?.hasPrefix("OMP_NUM_THREADS=99999 is more than 32") == true)
        #expect(try count(nil, ["SLURM_CPUS_PER_TASK": "9223372036854775807"], usable: 99).count == 32)
    }

    @Test(arguments: [0, 2]) func anEnvironmentThatAsksForTooMuchIsFollowedAndTold(ranks: Int) throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let outcome = try place.start(
            Workplace.command(ranks: ranks, ["train", "data.svm", "--output", "run"]),
            environment: ["OMP_NUM_THREADS": "99999"]
        ).wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.errors.components(separatedBy: "note: OMP_NUM_THREADS=99999 is more than").count == 2)
    }

    private static let processors = ThreadCount.processors

    /// On machines that are large the ranks would be many.
    @Test(.enabled(if: processors < 8)) func ranksThatTakeTurnsAreToldOnceHowManyAreFaster() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let crowded = try place.run(ranks: Self.processors + 1, ["train", "data.svm", "--output", "crowded"])
        #expect(crowded.code == 0, "\(crowded.errors)")
        #expect(crowded.output.components(separatedBy: "take turns on the").count == 2, "\(crowded.output)")
        #expect(
            crowded.output.contains(Self.processors == 1 ? "one rank alone is" : "\(Self.processors) ranks are faster"))
        let right = try place.run(ranks: Self.processors, ["train", "data.svm", "--output", "right"])
        #expect(right.code == 0 && !right.output.contains("take turns"), "\(right.output)")
    }

    @Test(arguments: [0, 2]) func anOptionThatAsksForTooMuchIsRefused(ranks: Int) throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let outcome = try place.run(
            ranks: ranks, ["train", "data.svm", "--output", "run", "--threads", "99999"], limit: 30)
        #expect(outcome.code == ExitCode.usage, "\(outcome.errors)")
        #expect(outcome.errors.components(separatedBy: "--threads 99999 is more than").count == 2, "\(outcome.errors)")
        #expect(!place.exists("run"))
    }

    /// A stack as large as the address space that is left: the system makes one thread or none.
    @Test func threadsThatTheSystemRefusesAreDoneWithout() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 3000, features: 20), to: "data.svm")
        let train = "'\(Workplace.program)' train data.svm --threads 6 --tensorboard --output"
        try #require(try place.start(["bash", "-c", "\(train) whole --quiet"]).wait().code == 0)
        let outcome = try place.start(["bash", "-c", "ulimit -s 6000000; ulimit -v 16000000; \(train) few --quiet"])
            .wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("the system gave fewer threads than --threads 6"), "\(outcome.errors)")
        let objectives = try ["whole", "few"].map { try place.json("\($0)/result.json")["objective"] as? Double }
        #expect(objectives[0] != nil && objectives[0] == objectives[1])
    }
}
