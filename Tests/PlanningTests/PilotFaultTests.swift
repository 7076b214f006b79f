import Foundation
import TestSupport
import Testing

@testable import Planning

/// A `pilot.json` whose numbers cannot be: a message with the file and the place, and nothing reckoned.
@Suite struct PilotFaultTests {
    private func file() -> PilotFile {
        var cluster = KnownCluster(ranksPerNode: 2)
        var file = cluster.pilot(ranks: [1, 2, 4, 8], repeats: 2)
        file.recommendation = Recommendation(verdict: .oneRank, method: .auto, ranks: 1, nodes: 1, command: [])
        return file
    }

    /// The text of the error; empty: it is read.
    private func refusal(_ change: (inout PilotFile) -> Void) throws -> String {
        var file = file()
        change(&file)
        let text = try file.encoded()
        do {
            _ = try PilotFile(text: text, path: "p/pilot.json")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func numbersThatCannotBeAreNamed() throws {
        #expect(try refusal { _ in } == "")
        let changes: [(String, (inout PilotFile) -> Void)] = [
            ("allreduces[1]: nodes is 0", { $0.allreduces[1].nodes = 0 }),
            ("allreduces[0]: ranks is -4", { $0.allreduces[0].ranks = -4 }),
            ("allreduces[0]: bytes is", { $0.allreduces[0].bytes = .max }),
            ("allreduces[2]: seconds is -1", { $0.allreduces[2].seconds = -1 }),
            ("kernels[0]: ranksOnNode is 0", { $0.kernels[0].ranksOnNode = 0 }),
            ("machine: ranks is", { $0.machine.ranks = .max }),
            ("machine: threads is 0", { $0.machine.threads = 0 }),
            ("machine: hostOfRank", { $0.machine.hostOfRank = [] }),
            ("machine: hostOfRank", { $0.machine.hosts = [] }),
            ("rows is -9", { $0.data.rows = -9 }),
            ("runs[0]: ranks is 0", { $0.runs[0].ranks = 0 }),
            ("runs[1]: seconds is 9.2e+18", { $0.runs[1].seconds = 9.2e18 }),
            ("runs[0]: work[2]: batch is", { $0.runs[0].work[2].batch = 1e300 }),
            ("runs[0]: work[0]: reductions[0]: bytes is -1", { $0.runs[0].work[0].reductions[0].bytes = -1 }),
            ("nodes is -1", { $0.recommendation?.nodes = -1 }),
        ]
        for (place, change) in changes {
            let text = try refusal(change)
            #expect(text.hasPrefix("p/pilot.json is damaged: ") && text.contains(place), "\(place): \(text)")
        }
    }

    @Test func planNamesTheFile() throws {
        let place = try Workplace()
        var damaged = file()
        damaged.allreduces[0].nodes = 0
        try place.write(try damaged.encoded(), to: "pilot.json")
        for arguments in [["plan", "pilot.json"], ["plan", ".", "--json"]] {
            let outcome = try place.run(arguments)
            #expect(outcome.code == 1 && outcome.errors.contains("pilot.json is damaged: allreduces[0]: nodes is 0"))
        }
        try place.write(try file().encoded(), to: "pilot.json")
        let odd = ["plan", "pilot.json", "--ranks-per-node", "9223372036854775807"]
        #expect(try place.run(odd).code == 64)
        #expect(try place.run(["plan", "pilot.json", "--ranks-per-node", "1000000"]).code == 0)
    }
}
