import Cluster
import Datasets
import MPI
import Models
import Platform
import Telemetry

/// What a pilot measures of the machine itself, for `plan`.
package struct PilotProbes {
    package let groups: RankGroups
    package let machine: PilotFile.Machine

    package init(groups: RankGroups, machine: PilotFile.Machine) {
        self.groups = groups
        self.machine = machine
    }

    /// Seconds a row takes in a gradient while 1, 2, 4, … ranks do the same. Collective.
    /// - Parameter seconds: for each number of ranks.
    package func kernels(_ model: some Model, _ dataset: Dataset, seconds: Double) throws -> [KernelMeasurement] {
        let parameters = model.initialParameters(seed: 0)
        var gradient = [Double](repeating: 0, count: model.parameterCount)
        var found: [KernelMeasurement] = []
        for count in groups.counts {
            let time = try groups.run(on: count, limit: 100 * seconds) { group in
                var rows = min(dataset.order.localCount, 1024)
                var times: [Double] = []
                try group.barrier()
                let start = monotonicSeconds()
                // The first round is short and tells how many rows fit into the time.
                while times.count < 4 || (monotonicSeconds() - start < seconds && times.count < 1000) {
                    let begin = monotonicSeconds()
                    let batch = Batch(dataset: dataset, first: 0..<rows)
                    gradient.withUnsafeMutableBufferPointer { gradient in
                        _ = parameters.withUnsafeBufferPointer { model.accumulate(batch, at: $0, gradient: gradient) }
                    }
                    let perRow = (monotonicSeconds() - begin) / Double(max(1, rows))
                    if times.isEmpty, perRow > 0 {
                        rows = min(dataset.order.localCount, max(rows / 16, Int(seconds / 8 / perRow), 1))
                    }
                    times.append(perRow)
                }
                // Of the slowest rank: the others wait for it.
                return try group.allreduce(Statistics.median(Array(times.dropFirst())) ?? 0, .maximum)
            }
            let agreed = try groups.world.broadcastValue(time ?? 0)
            found.append(
                KernelMeasurement(ranks: count, ranksOnNode: machine.ranksOnNode(ranks: count), secondsPerRow: agreed))
        }
        return found
    }

    /// Times of allreduces on 2, 4, … ranks. Collective.
    /// - Parameters:
    ///   - bytes: sizes that runs make.
    ///   - seconds: for all of it, about.
    package func allreduces(bytes: [Int], seconds: Double) throws -> [AllreduceMeasurement] {
        let counts = groups.counts.filter { $0 > 1 }
        let largest = max(1 << 16, 4 * (bytes.max() ?? 0))
        let sizes = Set([8, 1 << 12, 1 << 16, 1 << 18, 1 << 20].filter { $0 <= largest } + bytes.filter { $0 >= 8 })
            .sorted()
        var found: [AllreduceMeasurement] = []
        for count in counts {
            for size in sizes {
                let share = seconds / Double(counts.count * sizes.count)
                let times = try groups.run(on: count, limit: 100 * seconds) { group in
                    try AllreduceProbe.times(of: size, group, seconds: share, least: 5)
                }
                // Rank 0's, on all ranks.
                let summary = times.map { times in [0.5, 0.25, 0.75].compactMap { Statistics.quantile(times, $0) } }
                var values = (summary ?? [0, 0, 0]) + [Double(times?.count ?? 0)]
                try values.withUnsafeMutableBufferPointer { try groups.world.broadcast($0, root: 0) }
                found.append(
                    AllreduceMeasurement(
                        ranks: count, nodes: machine.nodes(ranks: count), bytes: size, seconds: values[0],
                        low: values[1], high: values[2], rounds: Int(values[3])))
            }
        }
        return found
    }

}
