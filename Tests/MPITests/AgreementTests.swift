import Testing

@testable import MPI

private struct LocalError: Error, CustomStringConvertible {
    let description: String
}

extension OverRanks {
    @Test func noErrorNoThrow() throws {
        let world = try Self.world()
        try world.throwTogether(nil)
        #expect(try world.together { world.rank } == world.rank)
    }

    /// Whichever rank fails, all throw the same error and go on making the same calls.
    @Test func oneRankFails() throws {
        let world = try Self.world()
        for failing in 0..<world.size {
            let caught = #expect(throws: RemoteError.self) {
                try world.together {
                    if world.rank == failing { throw LocalError(description: "line \(failing + 10): bad number é") }
                }
            }
            #expect(caught?.rank == failing)
            #expect(caught?.failedRanks == 1)
            #expect(caught?.message == "line \(failing + 10): bad number é")
            let prefix = world.size == 1 ? "" : "rank \(failing) of \(world.size): "
            #expect(caught?.description == prefix + "line \(failing + 10): bad number é")
        }
        #expect(try world.allreduce(1, .sum) == world.size)
    }

    @Test func lowestOfSeveralSpeaks() throws {
        let world = try Self.world()
        let caught = #expect(throws: RemoteError.self) {
            try world.throwTogether(world.rank > 0 ? LocalError(description: "from \(world.rank)") : nil)
            if world.size == 1 { throw RemoteError(rank: 1, failedRanks: 0, worldSize: 1, message: "from 1") }
        }
        #expect(caught?.message == "from 1")
        #expect(caught?.failedRanks == world.size - 1)
    }

    @Test func allFailAlike() throws {
        let world = try Self.world()
        let caught = #expect(throws: RemoteError.self) {
            try world.throwTogether(LocalError(description: "data.svm: no such file"))
        }
        #expect(caught?.description == "data.svm: no such file")
    }
}
