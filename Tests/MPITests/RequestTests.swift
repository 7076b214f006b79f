import Testing

@testable import MPI

extension OverRanks {
    @Test func waitAfterStart() throws {
        let world = try Self.world()
        var values = (0..<100).map { Double(sample(world.rank, $0)) }
        let calls = world.statistics.calls
        try values.withUnsafeMutableBufferPointer { buffer in
            let request = try world.startAllreduce(buffer, .sum)
            try request.wait()
            try request.wait()
            #expect(try request.test())
        }
        #expect(values == (0..<100).map { i in (0..<world.size).reduce(0) { $0 + Double(sample($1, i)) } })
        #expect(world.statistics.calls == calls + 1)
    }

    @Test func pollUntilDone() throws {
        let world = try Self.world()
        var values = [Float(world.rank + 1)]
        try values.withUnsafeMutableBufferPointer { buffer in
            let request = try world.startAllreduce(buffer, .sum)
            while try !request.test() {}
        }
        #expect(values == [Float(world.size * (world.size + 1) / 2)])
    }

    /// Two reductions under way at once, completed in the other order, with a blocking one in between.
    @Test func severalAtOnce() throws {
        let world = try Self.world()
        var gradient = (0..<1000).map { Float(sample(world.rank, $0)) }
        var scalars = [Double(world.rank), 1]
        var root = [UInt8(world.rank)]
        try gradient.withUnsafeMutableBufferPointer { gradient in
            try scalars.withUnsafeMutableBufferPointer { scalars in
                try root.withUnsafeMutableBufferPointer { root in
                    let first = try world.startAllreduce(gradient, .sum)
                    let second = try world.startAllreduce(scalars, .sum)
                    let third = try world.startBroadcast(root, root: world.size - 1)
                    let fourth = try world.startBarrier()
                    #expect(try world.allreduce(1, .sum) == world.size)
                    try fourth.wait()
                    try third.wait()
                    try second.wait()
                    try first.wait()
                }
            }
        }
        #expect(gradient == (0..<1000).map { i in (0..<world.size).reduce(0) { $0 + Float(sample($1, i)) } })
        #expect(scalars == [Double(world.size * (world.size - 1) / 2), Double(world.size)])
        #expect(root == [UInt8(world.size - 1)])
    }
}
