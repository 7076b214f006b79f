import Platform
import Testing

@testable import MPI

/// What holds on any number of ranks: `swift test` runs it as one, `mpirun -n N …xctest --testing-library
/// swift-testing --filter MPITests` as N. One after the other, since all ranks must make the same calls in the same order.
@Suite(.serialized)
struct OverRanks {
    static let environment: Result<MPIEnvironment, any Error> = Result {
        let environment = try MPIEnvironment.start(threads: .multiple, stallTimeout: 60)
        // The test runner ends by exit(); there is no later place to finalise from.
        atexit { try? OverRanks.environment.get().finalize() }
        return environment
    }

    /// The world, after a check that all ranks are in the same test.
    static func world(_ test: String = #function) throws -> any Communicator {
        let world = try environment.get().world
        let digest = test.utf8.reduce(5381) { ($0 &* 33 &+ Int($1)) & 0xffff_ffff }
        let all = try world.allgather(digest)
        guard all.allSatisfy({ $0 == digest }) else {
            world.abort("rank \(world.rank) is in test \(test), another one is elsewhere", code: 9)
        }
        return world
    }

    /// A world whose buffers are cut into pieces of at most `length` elements, as those beyond 2^31 are. A solo world has
    /// no pieces and serves as it is.
    static func worldInPieces(of length: Int, _ test: String = #function) throws -> any Communicator {
        let world = try world(test)
        guard let mpi = world as? MPICommunicator else { return world }
        return try mpi.duplicate(name: "pieces", stallTimeout: 60, largestPiece: length)
    }

    static func free(_ communicator: any Communicator) throws {
        try (communicator as? MPICommunicator)?.free()
    }
}

/// A number that any rank can work out for any other: what `rank` holds at `index`.
func sample(_ rank: Int, _ index: Int, _ salt: Int = 0) -> Int {
    var state = UInt64(bitPattern: Int64(rank &* 1_000_003 &+ index &* 7919 &+ salt &* 104_729 &+ 17))
    state = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    state = (state ^ (state >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((state ^ (state >> 31)) % 50)
}
