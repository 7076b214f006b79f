import Testing

@testable import MPI

extension OverRanks {
    /// Buffers longer than a piece give what whole ones give, for lengths round the seams.
    @Test(arguments: [1, 4, 7])
    func buffersInPieces(piece: Int) throws {
        let world = try Self.worldInPieces(of: piece)
        for count in [0, 1, piece, piece + 1, 3 * piece - 1, 3 * piece, 50] {
            let sum = try world.allreduce((0..<count).map { sample(world.rank, $0) }, .sum)
            #expect(sum == (0..<count).map { i in (0..<world.size).reduce(0) { $0 + sample($1, i) } })
            var copy = (0..<count).map { Int32(sample(world.rank, $0)) }
            try copy.withUnsafeMutableBufferPointer { try world.broadcast($0, root: world.size - 1) }
            #expect(copy == (0..<count).map { Int32(sample(world.size - 1, $0)) })
            try checkGathers(world, count: count)
        }
        try Self.free(world)
    }

    @Test(arguments: 0..<5, [1, 4, 16])
    func alltoallvInPieces(salt: Int, piece: Int) throws {
        let world = try Self.worldInPieces(of: piece)
        try checkAlltoallv(world, salt: salt) { Double($0) }
        try checkAlltoallv(world, salt: salt) { UInt8($0) }
        try Self.free(world)
    }

    @Test func requestsInPieces() throws {
        let world = try Self.worldInPieces(of: 3)
        var values = (0..<20).map { sample(world.rank, $0) }
        try values.withUnsafeMutableBufferPointer { try world.startAllreduce($0, .maximum).wait() }
        #expect(values == (0..<20).map { i in (0..<world.size).reduce(0) { max($0, sample($1, i)) } })
        try Self.free(world)
    }
}
