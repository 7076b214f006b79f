// What the wrappers check before MPI sees the arguments: MPI itself would read or write past the buffers.

extension Communicator {
    func requireRoot(_ root: Int) throws {
        guard (0..<size).contains(root) else {
            throw CommunicatorArgumentError(description: "root \(root) is not a rank of a communicator of \(size)")
        }
    }

    func requireColor(_ color: Int?) throws {
        guard let color else { return }
        guard color >= 0, color <= Int(Int32.max) else {
            throw CommunicatorArgumentError(description: "split: the color \(color) is not a number from 0 to 2^31 - 1")
        }
    }

    func requireRoom(_ available: Int, for needed: Int, _ call: StaticString) throws {
        guard available >= needed else {
            throw CommunicatorArgumentError(
                description: "\(call): the receive buffer has \(available) elements and needs \(needed)")
        }
    }

    func requireParts(_ count: Int, _ call: StaticString) throws {
        guard count.isMultiple(of: size) else {
            throw CommunicatorArgumentError(
                description: "\(call): \(count) elements do not split into \(size) equal parts")
        }
    }

    func requireParts(_ count: Int, _ counts: [Int], _ call: StaticString) throws {
        guard counts.count == size, counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, +) == count else {
            throw CommunicatorArgumentError(
                description: "\(call): the parts \(counts) of \(size) ranks do not make up \(count) elements")
        }
    }

    func requireAlltoall(_ send: Int, _ sendCounts: [Int], _ receive: Int, _ receiveCounts: [Int]) throws {
        guard sendCounts.count == size, receiveCounts.count == size else {
            throw CommunicatorArgumentError(
                description: "alltoallv: \(sendCounts.count) send and \(receiveCounts.count) receive counts "
                    + "for \(size) ranks")
        }
        guard (sendCounts + receiveCounts).allSatisfy({ $0 >= 0 }) else {
            throw CommunicatorArgumentError(description: "alltoallv: a count is negative")
        }
        let sent = sendCounts.reduce(0, +)
        guard send >= sent else {
            throw CommunicatorArgumentError(
                description: "alltoallv: the counts send \(sent) elements of a buffer of \(send)")
        }
        try requireRoom(receive, for: receiveCounts.reduce(0, +), "alltoallv")
    }
}
