import MPI
import Platform
import Telemetry

/// The first 1, 2, 4, … ranks of the world, each as a group of their own, and a way for the others to wait that takes no
/// processor time from them.
package struct RankGroups {
    package let world: any Communicator
    /// Ascending; the last is all ranks.
    package let counts: [Int]
    private let groups: [Int: any Communicator]
    /// All ranks, without a stall clock: waiting for a run of others is no stall.
    private let waiting: any Communicator
    private let stallTimeout: Double

    /// 1, 2, 4, … and `ranks`.
    package static func counts(upTo ranks: Int) -> [Int] {
        var counts: [Int] = []
        var count = 1
        while count < ranks {
            counts.append(count)
            count *= 2
        }
        return counts + [ranks]
    }

    /// Collective.
    package init(_ world: any Communicator, counts: [Int], stallTimeout: Double) throws {
        self.world = world
        self.counts = counts
        self.stallTimeout = stallTimeout
        var groups: [Int: any Communicator] = [:]
        for count in counts {
            guard count > 1 else {
                if world.rank == 0 { groups[1] = SoloCommunicator() }
                continue
            }
            groups[count] = try world.split(color: world.rank < count ? 0 : nil, name: "\(count) ranks")
        }
        self.groups = groups
        waiting = try world.split(color: 0, name: "waiting", stallTimeout: 0) ?? world
    }

    /// The group of the first `count` ranks; nil on the others.
    package subscript(count: Int) -> (any Communicator)? { groups[count] }

    /// Runs `body` on the ranks of a group while the others wait; returns when all are done. What one rank throws ends
    /// the job: the other ranks of its group may be waiting in a call that it does not make. Collective over the world.
    /// - Parameter limit: seconds that the group may take before the others give it up, beside the stall timeout.
    package func run<Result>(
        on count: Int, limit: Double, _ body: (any Communicator) throws -> Result
    ) throws -> Result? {
        var result: Result?
        if let group = groups[count] {
            do {
                result = try body(group)
            } catch {
                world.abort("crescendo: rank \(world.rank) of \(world.size): \(error)", code: 1)
            }
        }
        let request = try waiting.startBarrier()
        let start = monotonicSeconds()
        while try !request.test() {
            usleep(world.rank < count ? 50 : 1000)
            if stallTimeout > 0, monotonicSeconds() - start > limit + stallTimeout {
                world.abort(
                    "crescendo: rank \(world.rank) of \(world.size) waited \(NumberFormat.duration(limit + stallTimeout)) "
                        + "for a run on \(count) ranks: one of them is dead, stuck or unreachable", code: 75)
            }
        }
        return result
    }
}
