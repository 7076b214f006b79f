import Testing

@testable import MPI

/// The communicator of a program without a launcher; the suite `OverRanks` covers its collectives.
struct SoloTests {
    @Test func oneRankTalksToItself() throws {
        let solo = SoloCommunicator()
        #expect((solo.rank, solo.size) == (0, 1))
        var receive = [0, 0, 0]
        try [1, 2, 3].withUnsafeBufferPointer { send in
            try receive.withUnsafeMutableBufferPointer {
                try solo.alltoallv(send, sendCounts: [2], into: $0, receiveCounts: [2])
            }
            #expect(receive == [1, 2, 0])
            #expect(throws: CommunicatorArgumentError.self) {
                try receive.withUnsafeMutableBufferPointer {
                    try solo.alltoallv(send, sendCounts: [2], into: $0, receiveCounts: [3])
                }
            }
        }
        #expect(solo.statistics.calls == 1)
    }
}
