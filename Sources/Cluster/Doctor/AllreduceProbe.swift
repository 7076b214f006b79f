import MPI
import Platform
import Telemetry

/// Times of allreduces of Doubles.
package enum AllreduceProbe {
    package struct Time: Equatable {
        package var bytes: Int
        /// The median on rank 0, once all ranks are there.
        package var seconds: Double
        /// Bytes of the result a second.
        package var rate: Double { Double(bytes) / seconds }
    }

    package static let sizes = [8, 1 << 10, 1 << 13, 1 << 16, 1 << 20, 1 << 24]

    /// At most about three seconds a size on a network of any use. Collective.
    package static func measure(_ world: any Communicator) throws -> [Time] {
        guard world.size > 1 else { return [] }
        return try sizes.map { bytes in
            let times = try times(of: bytes, world, seconds: 1, least: 3)
            return Time(bytes: bytes, seconds: times.sorted()[times.count / 2])
        }
    }

    /// The times of some allreduces on this rank, once all ranks are there: at most 101, at least `least`, else as many as
    /// fit into `seconds`. Collective.
    package static func times(of bytes: Int, _ communicator: any Communicator, seconds: Double, least: Int) throws
        -> [Double]
    {
        var buffer = [Double](repeating: 0, count: max(1, bytes / 8))
        func call() throws -> Double {
            try communicator.barrier()
            let start = monotonicSeconds()
            try buffer.withUnsafeMutableBufferPointer { try communicator.allreduce($0, .sum) }
            return monotonicSeconds() - start
        }
        // The first finds connections to make; the second says how many there is time for, on all ranks alike.
        _ = try call()
        let estimate = try communicator.allreduce(call(), .maximum)
        let rounds = min(101, max(least, Int(seconds / max(estimate, 1e-6))))
        var times: [Double] = []
        for _ in 0..<rounds { times.append(try call()) }
        return times
    }
}
