import Testing

@testable import MPI

extension OverRanks {
    /// Allreduce of every element type and operation against the same sum worked out element by element.
    @Test(arguments: [0, 1, 3, 1000])
    func allreduceOfAllTypes(count: Int) throws {
        let world = try Self.world()
        try checkAllreduce(world, count) { Float($0) }
        try checkAllreduce(world, count) { Double($0) }
        try checkAllreduce(world, count) { $0 }
        try checkAllreduce(world, count) { Int32($0) }
        try checkAllreduce(world, count) { UInt8($0) }
    }

    /// A 64-bit sum must not pass through 32 bits or a Double.
    @Test func allreduceKeepsSixtyFourBits() throws {
        let world = try Self.world()
        let value = (1 << 55) + 1
        #expect(try world.allreduce(value, .sum) == value * world.size)
        #expect(try world.allreduce(-value - world.rank, .minimum) == -value - world.size + 1)
    }

    /// NaN of any rank is the extreme on every rank, and what no NaN meets is as it is.
    @Test func extremesAreTheSameOnAllRanks() throws {
        let world = try Self.world()
        func check<T: MPIElement & BinaryFloatingPoint>(_: T.Type) throws {
            // Element r is NaN on rank r alone; the last ones are no NaN anywhere.
            let plain: [T] = [-0.0, 0, -1.5, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
            let own =
                (0..<world.size).map { $0 == world.rank ? T.nan : T($0 + world.rank) }
                + plain.map { $0 - T(world.rank) }
            for operation in [ReductionOperation.minimum, .maximum] {
                let result = try world.allreduce(own, operation)
                #expect(result[..<world.size].allSatisfy { $0.isNaN }, "\(operation): \(result)")
                let others = plain.map { value in (0..<world.size).map { value - T($0) } }
                #expect(
                    Array(result[world.size...]) == others.map { (operation == .minimum ? $0.min() : $0.max()) ?? 0 })
                let bits = try world.allgather(bytes: result.withUnsafeBytes { Array($0) })
                #expect(bits.allSatisfy { $0 == bits[0] })
            }
            var signs: [T] = [world.rank == 0 ? -0.0 : 0]
            signs = try world.allreduce(signs, .maximum)
            #expect(signs[0].sign == (world.size > 1 ? .plus : .minus))
        }
        try check(Double.self)
        try check(Float.self)
    }

    @Test func broadcastFromEveryRoot() throws {
        let world = try Self.world()
        for root in 0..<world.size {
            var buffer = (0..<37).map { Double(sample(world.rank, $0)) }
            try buffer.withUnsafeMutableBufferPointer { try world.broadcast($0, root: root) }
            #expect(buffer == (0..<37).map { Double(sample(root, $0)) })
            let bytes = try world.broadcast(bytes: world.rank == root ? Array("root \(root)".utf8) : [], root: root)
            #expect(bytes == Array("root \(root)".utf8))
        }
        #expect(throws: CommunicatorArgumentError.self) {
            var buffer = [1.0]
            try buffer.withUnsafeMutableBufferPointer { try world.broadcast($0, root: world.size) }
        }
    }

    @Test func gatherAndAllgather() throws {
        let world = try Self.world()
        try checkGathers(world, count: 5)
        try checkGathers(world, count: 0)
    }

    @Test func allgatherOfUnequalBytes() throws {
        let world = try Self.world()
        func bytes(_ rank: Int) -> [UInt8] { (0..<sample(rank, 0)).map { UInt8(sample(rank, $0)) } }
        #expect(try world.allgather(bytes: bytes(world.rank)) == (0..<world.size).map(bytes))
        #expect(try world.allgather(bytes: []) == .init(repeating: [], count: world.size))
    }

    @Test(arguments: 0..<5)
    func alltoallvOfUnequalCounts(salt: Int) throws {
        let world = try Self.world()
        try checkAlltoallv(world, salt: salt) { Float($0) }
        try checkAlltoallv(world, salt: salt) { $0 }
        try checkAlltoallv(world, salt: salt) { UInt8($0) }
    }

    @Test func argumentsThatCannotBelongTogether() throws {
        let world = try Self.world()
        var receive = [Int](repeating: 0, count: world.size)
        receive.withUnsafeMutableBufferPointer { receive in
            let counts = [Int](repeating: 1, count: world.size)
            Array(repeating: 0, count: world.size).withUnsafeBufferPointer { send in
                #expect(throws: CommunicatorArgumentError.self) {
                    try world.allgather(inPlace: receive, counts: counts + [0])
                }
                #expect(throws: CommunicatorArgumentError.self) {
                    try world.alltoallv(send, sendCounts: counts + [0], into: receive, receiveCounts: counts)
                }
                #expect(throws: CommunicatorArgumentError.self) {
                    try world.alltoallv(
                        send, sendCounts: counts.map { $0 + 1 }, into: receive, receiveCounts: counts)
                }
                #expect(throws: CommunicatorArgumentError.self) {
                    try world.alltoallv(send, sendCounts: counts.map { -$0 }, into: receive, receiveCounts: counts)
                }
                let short = UnsafeMutableBufferPointer(rebasing: receive.dropLast())
                #expect(throws: CommunicatorArgumentError.self) {
                    try world.allgather(UnsafeBufferPointer(rebasing: send.prefix(1)), into: short)
                }
            }
        }
    }

    @Test func ranksOfThisNodeShareACommunicator() throws {
        let world = try Self.world()
        let node = try world.splitBySharedMemory()
        // The tests run on one machine.
        #expect(node.size == world.size)
        #expect(node.rank == world.rank)
        #expect(try node.allreduce(1, .sum) == world.size)
        try Self.free(node)
    }

    @Test func ranksSplitIntoGroups() throws {
        let world = try Self.world()
        // Even and odd ranks; within a group they keep their order.
        let parity = try #require(try world.split(color: world.rank % 2, name: "parity"))
        #expect(parity.size == (world.size + (world.rank % 2 == 0 ? 1 : 0)) / 2)
        #expect(parity.rank == world.rank / 2)
        #expect(try parity.allgather(world.rank) == (0..<world.size).filter { $0 % 2 == world.rank % 2 })
        try Self.free(parity)

        // The last rank stays outside, and the others do without it.
        let isInside = world.rank < world.size - 1
        let most = try world.split(color: isInside ? 7 : nil, name: "most", stallTimeout: 30)
        #expect((most != nil) == isInside)
        if let most {
            #expect(most.size == world.size - 1)
            #expect(try most.allreduce(1, .sum) == world.size - 1)
            if let most = most as? MPICommunicator { #expect(most.stallTimeout == 30) }
            try Self.free(most)
        }
        #expect(throws: CommunicatorArgumentError.self) { try world.split(color: -1, name: "none") }
        try world.barrier()
    }

    @Test func statisticsCountCalls() throws {
        let world = try Self.world()
        let before = world.statistics
        _ = try world.allreduce(1.0, .sum)
        try world.barrier()
        let after = world.statistics
        #expect(after.calls == before.calls + 2)
        #expect(after.seconds >= before.seconds)
        if world is MPICommunicator { #expect(after.seconds > before.seconds) }
    }

    @Test func environmentReportsWhatItGot() throws {
        _ = try Self.world()
        let environment = try Self.environment.get()
        #expect(environment.threadLevel >= .serialized)
        #expect(environment.world.size == environment.launcher?.size ?? 1)
        #expect(MPIEnvironment.libraryVersion.contains { $0.isNumber })
        #expect(throws: MPIStateError.self) { try MPIEnvironment.start() }
    }

    /// A message longer than its receive buffer is MPI's classic error: it must come back as text, not end the program.
    @Test func errorsCarryTheTextOfMPI() throws {
        let world = try Self.world()
        guard let mpi = world as? MPICommunicator else { return }
        let spoilt = try mpi.duplicate(name: "spoilt")
        // Every rank sends itself two elements and expects one; the others get nothing.
        func onlyToSelf(_ count: Int) -> [Int] { (0..<mpi.size).map { $0 == mpi.rank ? count : 0 } }
        var receive = [0.0]
        let error = #expect(throws: MPIError.self) {
            try [1.0, 2.0].withUnsafeBufferPointer { send in
                try receive.withUnsafeMutableBufferPointer {
                    try spoilt.alltoallv(send, sendCounts: onlyToSelf(2), into: $0, receiveCounts: onlyToSelf(1))
                }
            }
        }
        #expect(error?.function == "MPI_Alltoallv")
        #expect(error?.description.lowercased().contains("truncate") == true)
        try world.barrier()
    }
}

private func checkAllreduce<T: MPIElement & Comparable & AdditiveArithmetic>(
    _ world: any Communicator, _ count: Int, _ make: (Int) -> T
) throws {
    let own = (0..<count).map { make(sample(world.rank, $0)) }
    let all = (0..<world.size).map { rank in (0..<count).map { make(sample(rank, $0)) } }
    func reference(_ combine: (T, T) -> T) -> [T] {
        all.dropFirst().reduce(all[0]) { total, next in zip(total, next).map(combine) }
    }
    #expect(try world.allreduce(own, .sum) == reference(+))
    #expect(try world.allreduce(own, .minimum) == reference(min))
    #expect(try world.allreduce(own, .maximum) == reference(max))
}

func checkGathers(_ world: any Communicator, count: Int) throws {
    let own = (0..<count).map { Float(sample(world.rank, $0)) }
    let expected = (0..<world.size).flatMap { rank in (0..<count).map { Float(sample(rank, $0)) } }
    try own.withUnsafeBufferPointer { send in
        for root in 0..<world.size {
            var gathered = [Float](repeating: -1, count: world.rank == root ? count * world.size : 0)
            try gathered.withUnsafeMutableBufferPointer { try world.gather(send, into: $0, root: root) }
            #expect(gathered == (world.rank == root ? expected : []))
        }
        var gathered = [Float](repeating: -1, count: count * world.size)
        try gathered.withUnsafeMutableBufferPointer { try world.allgather(send, into: $0) }
        #expect(gathered == expected)
        var inPlace = [Float](repeating: -1, count: count * world.size)
        inPlace.replaceSubrange(world.rank * count..<(world.rank + 1) * count, with: own)
        try inPlace.withUnsafeMutableBufferPointer { try world.allgather(inPlace: $0) }
        #expect(inPlace == expected)
    }
    // Rank r fills count + r elements, but the last rank none.
    let counts = (0..<world.size).map { $0 == world.size - 1 && $0 > 0 ? 0 : count + $0 }
    let parts = counts.enumerated().map { rank, count in (0..<count).map { Float(sample(rank, $0)) } }
    var unequal = parts.enumerated().flatMap { $0 == world.rank ? $1 : $1.map { _ in -1 } }
    try unequal.withUnsafeMutableBufferPointer { try world.allgather(inPlace: $0, counts: counts) }
    #expect(unequal == parts.flatMap { $0 })
}

/// Rank s sends `sample(s, r)` elements to rank r; element i of them is `sample(s, r + i)`.
func checkAlltoallv<T: MPIElement & Equatable>(
    _ world: any Communicator, salt: Int, _ make: (Int) -> T
) throws {
    // Some counts are zero, and with salt 0 all are.
    func count(from: Int, to: Int) -> Int { max(0, sample(from, to, salt) - 20) * min(salt, 1) }
    func message(from: Int, to: Int) -> [T] {
        (0..<count(from: from, to: to)).map { make(sample(from, to + $0, salt)) }
    }
    let ranks = 0..<world.size
    let send = ranks.flatMap { message(from: world.rank, to: $0) }
    let expected = ranks.flatMap { message(from: $0, to: world.rank) }
    var receive = [T](repeating: make(0), count: expected.count)
    try send.withUnsafeBufferPointer { send in
        try receive.withUnsafeMutableBufferPointer {
            try world.alltoallv(
                send, sendCounts: ranks.map { count(from: world.rank, to: $0) },
                into: $0, receiveCounts: ranks.map { count(from: $0, to: world.rank) })
        }
    }
    #expect(receive == expected)
}
