import Testing

@testable import MPI

extension OverRanks {
    @Test func flippedBitStaysOnItsRank() throws {
        let world = try Self.world()
        let faulty = FaultyCommunicator(world, [.init(rank: 0, call: 2, .flipBit(element: 1, bit: 63))])
        let sum = Double(world.size)
        #expect(try faulty.allreduce([1.0, 1.0], .sum) == [sum, sum])
        #expect(try faulty.allreduce([1.0, 1.0], .sum) == [sum, world.rank == 0 ? -sum : sum])
        #expect(try faulty.allreduce([1.0, 1.0], .sum) == [sum, sum])
        #expect(faulty.callCount == 3)
    }

    @Test func requestsAreSpoiltOnceOnCompletion() throws {
        let world = try Self.world()
        let last = world.size - 1
        let faulty = FaultyCommunicator(world, [.init(rank: last, call: 1, .flipBit(element: 0, bit: 0))])
        var values = [0]
        try values.withUnsafeMutableBufferPointer {
            let request = try faulty.startAllreduce($0, .sum)
            try request.wait()
            try request.wait()
        }
        #expect(values == [world.rank == last ? 1 : 0])
    }

    /// A rank that fails alone is heard by all through `together`, which itself goes over the sound communicator.
    @Test func failureAtChosenCall() throws {
        let world = try Self.world()
        let injections = (0..<world.size).map { FaultyCommunicator.Injection(rank: $0, call: 2, .fail) }
        let faulty = FaultyCommunicator(world, injections)
        try faulty.barrier()
        #expect(throws: InjectedFault(rank: world.rank, call: 2)) { try faulty.barrier() }
        try faulty.barrier()
    }

    @Test func delayedRankArrives() throws {
        let world = try Self.world()
        let faulty = FaultyCommunicator(world, [.init(rank: world.size - 1, call: 1, .delay(seconds: 0.05))])
        #expect(try faulty.allreduce(1, .sum) == world.size)
    }
}
