import Datasets
import Platform

/// A pilot from which nothing can be predicted, and what to do about it.
package struct PlanError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description.printable }
}

/// How long a run to the target takes on P ranks:
///
/// T(P) = Σ_phases [ C + κ Σ_reductions t(b, k, n) + (H_P − 1)·(θ·(number of reductions) + ρ·C) ],
/// C = σ·n + c·m(k)·R·share(K, P)
///
/// Which batches a run takes does not depend on P, so the iterations n, the rows R they read and the sizes K of their
/// batches are those of the pilot's runs. Fitted to them: σ, what an iteration costs whatever its rows; c, what a row
/// costs; θ and ρ, the scale of delays with an exponential tail, for each reduction and as a share of the computation
/// before it: the longest of P of them is H_P − 1 = 1/2 + 1/3 + … + 1/P times that scale longer than their mean, and all
/// ranks wait for it. m is what a row costs with k ranks at work on a node, share the part of a batch that the rank with
/// the most of it has, t the time of an allreduce (`NetworkModel`), κ ≤ 1 what reductions in a run take of it.
package struct ScalingModel: Sendable {
    package struct Phase: Equatable, Sendable {
        /// Means of the pilot's runs.
        package var work: WorkPhase
        /// σ and c.
        package var perIteration: Double
        package var perRow: Double
    }

    package var phases: [Phase]
    package var network: NetworkModel
    /// θ, seconds a reduction.
    package var delay: Double
    /// ρ.
    package var unevenness: Double
    /// κ.
    package var overlap: Double
    /// Ranks on each full node.
    package var ranksPerNode: Int
    /// m by ranks on a node, relative to one; ascending.
    package var slowdown: [(ranksOnNode: Int, factor: Double)]
    /// The largest number of ranks that was measured.
    package var measuredUpTo: Int

    /// - Parameters:
    ///   - runs: of one method; those that reached the target if any did.
    ///   - growth: rows of the full data over rows of the sample: iterations over all rows become that much longer.
    package init(
        runs: [PilotRun], allreduces: [AllreduceMeasurement], kernels: [KernelMeasurement], ranksPerNode: Int,
        nodes: (Int) -> Int, growth: Double = 1
    ) throws {
        let runs = Self.middleHalf(runs)
        let counts = Set(runs.map(\.ranks)).sorted()
        guard let most = counts.last else {
            throw PlanError(description: "the pilot has no run of this method: choose another with --method")
        }
        guard most > 1 else {
            throw PlanError(
                description:
                    "the pilot ran on one rank, which tells nothing about more: start it with mpirun -n 2 or more")
        }
        self.ranksPerNode = ranksPerNode
        measuredUpTo = most
        let alone = kernels.first { $0.ranksOnNode == 1 }?.secondsPerRow ?? kernels.first?.secondsPerRow ?? 1
        slowdown = Dictionary(grouping: kernels, by: \.ranksOnNode).map { key, values in
            (key, max(1, (Statistics.median(values.map(\.secondsPerRow)) ?? alone) / alone))
        }.sorted { $0.0 < $1.0 }
        network = NetworkModel(allreduces)
        phases = []
        delay = 0
        unevenness = 0
        overlap = 1
        phases = fitPhases(runs, counts: counts, growth: growth, nodes: nodes)
        fitDelay(runs, nodes: nodes)
    }

    /// The runs of each number of ranks whose time lies in its middle half: one that a machine has disturbed says little.
    private static func middleHalf(_ runs: [PilotRun]) -> [PilotRun] {
        let groups = Dictionary(grouping: runs, by: \.ranks).sorted { $0.key < $1.key }.map(\.value)
        return groups.flatMap { group in
            let times = group.map(\.workSeconds)
            guard group.count >= 4, let low = Statistics.quantile(times, 0.25),
                let high = Statistics.quantile(times, 0.75)
            else { return group }
            return group.filter { $0.workSeconds >= low && $0.workSeconds <= high }
        }
    }

    /// Mean of a phase over runs; runs without it count as none of it.
    private static func mean(_ key: String, _ runs: [PilotRun]) -> WorkPhase? {
        let phases = runs.compactMap { run in run.work.first { $0.key == key } }
        guard var sum = phases.first else { return nil }
        for phase in phases.dropFirst() { sum.add(phase) }
        sum.divide(by: Double(runs.count))
        return sum
    }

    /// σ and c of each phase, from its means on each number of ranks.
    private func fitPhases(_ runs: [PilotRun], counts: [Int], growth: Double, nodes: (Int) -> Int) -> [Phase] {
        var keys: [String] = []
        for phase in runs.flatMap(\.work) where !keys.contains(phase.key) { keys.append(phase.key) }
        return keys.map { key in
            var rows: [(x: [Double], y: Double, weight: Double)] = []
            for count in counts {
                guard let phase = Self.mean(key, runs.filter { $0.ranks == count }), phase.compute > 0 else { continue }
                let onNode = (count + nodes(count) - 1) / nodes(count)
                let loaded =
                    phase.rows * WorkPhase.largestShare(batch: phase.batch, ranks: count) * slowdown(onNode)
                rows.append(
                    (
                        counts.count > 1 ? [phase.iterations, loaded] : [0, loaded], phase.compute,
                        1 / (phase.compute * phase.compute)
                    ))
            }
            var work = Self.mean(key, runs) ?? WorkPhase.none
            if key == "full" {
                work.rows *= growth
                work.batch *= growth
            }
            let coefficients = LeastSquares.nonNegative(rows, count: 2)
            return Phase(work: work, perIteration: coefficients[0], perRow: coefficients[1])
        }
    }

    /// What communication took beyond the model's allreduces, as waiting for the slowest. Phases differ in computation and
    /// in reductions, which tells the two causes apart.
    private mutating func fitDelay(_ runs: [PilotRun], nodes: (Int) -> Int) {
        var measured = 0.0
        var modelled = 0.0
        var rows: [(x: [Double], y: Double, weight: Double)] = []
        for ranks in Set(runs.map(\.ranks)).sorted() where ranks > 1 {
            let count = nodes(ranks)
            let longest = Self.harmonic(ranks)
            for key in phases.map(\.work.key) {
                guard let phase = Self.mean(key, runs.filter { $0.ranks == ranks }), phase.communication > 0 else {
                    continue
                }
                let network = reductions(phase, ranksOnNode: (ranks + count - 1) / count, nodes: count)
                measured += phase.communication
                modelled += network
                rows.append(
                    (
                        x: [phase.reductionCount * longest, phase.compute * longest],
                        y: phase.communication - network, weight: 1 / phase.communication
                    ))
            }
        }
        if modelled > measured, modelled > 0 {
            overlap = measured / modelled
        } else {
            let coefficients = LeastSquares.nonNegative(rows, count: 2)
            (delay, unevenness) = (coefficients[0], coefficients[1])
        }
    }

    /// H_P − 1.
    package static func harmonic(_ ranks: Int) -> Double {
        guard ranks > 1 else { return 0 }
        if ranks <= 64 { return (2...ranks).reduce(0) { $0 + 1 / Double($1) } }
        return log(Double(ranks)) + 0.5772156649015329 + 1 / (2 * Double(ranks)) - 1
    }

    /// m: straight lines between what was measured, the last value beyond.
    package func slowdown(_ ranksOnNode: Int) -> Double {
        guard let above = slowdown.first(where: { $0.ranksOnNode >= ranksOnNode }) else {
            return slowdown.last?.factor ?? 1
        }
        guard let below = slowdown.last(where: { $0.ranksOnNode < ranksOnNode }), above.ranksOnNode > ranksOnNode else {
            return above.factor
        }
        let part = Double(ranksOnNode - below.ranksOnNode) / Double(above.ranksOnNode - below.ranksOnNode)
        return below.factor + part * (above.factor - below.factor)
    }

    private func reductions(_ phase: WorkPhase, ranksOnNode: Int, nodes: Int) -> Double {
        phase.reductions.reduce(0) {
            $0 + $1.count * network.seconds(ranksOnNode: ranksOnNode, nodes: nodes, bytes: $1.bytes)
        }
    }

    /// Nodes of P ranks.
    package func nodes(_ ranks: Int) -> Int { (ranks + ranksPerNode - 1) / ranksPerNode }

    /// Whether the network that P ranks need was measured or given.
    package func knows(_ ranks: Int) -> Bool { nodes(ranks) == 1 || network.knowsNodes }

    /// Seconds in computation and in communication, waiting included, on P ranks.
    package func seconds(_ ranks: Int) -> (compute: Double, communication: Double) {
        let count = nodes(ranks)
        let onNode = min(ranks, ranksPerNode)
        var compute = 0.0
        var communication = 0.0
        for phase in phases {
            let part =
                phase.perIteration * phase.work.iterations
                + phase.perRow * slowdown(onNode) * phase.work.rows
                * WorkPhase.largestShare(batch: phase.work.batch, ranks: ranks)
            compute += part
            guard ranks > 1 else { continue }
            communication +=
                overlap * reductions(phase.work, ranksOnNode: onNode, nodes: count)
                + (delay * phase.work.reductionCount + unevenness * part) * Self.harmonic(ranks)
        }
        return (compute, communication)
    }
}

extension ScalingModel {
    package func total(_ ranks: Int) -> Double {
        let parts = seconds(ranks)
        return max(parts.compute + parts.communication, 1e-12)
    }
}

extension WorkPhase {
    package static let none = WorkPhase(
        key: "", iterations: 0, batch: 0, rows: 0, seconds: 0, communication: 0, transfer: 0, reductions: [])

    package mutating func divide(by count: Double) {
        guard count > 0 else { return }
        iterations /= count
        rows /= count
        seconds /= count
        communication /= count
        transfer /= count
        for index in reductions.indices { reductions[index].count /= count }
    }
}
