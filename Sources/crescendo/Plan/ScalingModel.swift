#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A pilot from which nothing can be predicted, and what to do about it.
struct PlanError: Error, Equatable, CustomStringConvertible {
    var description: String
}

/// How long a run to the target takes on P ranks:
///
/// T(P) = Σ_phases [ σ n + c·m(k)·R·share(K, P) ] + κ Σ_reductions t(b, k, n) + θ·(H_P − 1)·(number of reductions)
///
/// Which batches a run takes does not depend on P, so the iterations n, the rows R they read and the sizes K of their
/// batches are those of the pilot's runs. Fitted to them: σ, what an iteration costs whatever its rows; c, what a row
/// costs; θ, the scale of delays with an exponential tail, the longest of P of which is H_P − 1 = 1/2 + 1/3 + … + 1/P
/// times θ longer than their mean. m is what a row costs with k ranks at work on a node, share the part of a batch that
/// the rank with the most of it has, t the time of an allreduce (`NetworkModel`), κ ≤ 1 what reductions in a run take of it.
struct ScalingModel: Sendable {
    struct Phase: Equatable, Sendable {
        /// Means of the pilot's runs.
        var work: WorkPhase
        /// σ and c.
        var perIteration: Double
        var perRow: Double
    }

    var phases: [Phase]
    var network: NetworkModel
    /// θ, seconds a reduction.
    var delay: Double
    /// κ.
    var overlap: Double
    /// Ranks on each full node.
    var ranksPerNode: Int
    /// m by ranks on a node, relative to one; ascending.
    var slowdown: [(ranksOnNode: Int, factor: Double)]
    /// The largest number of ranks that was measured.
    var measuredUpTo: Int

    /// - Parameters:
    ///   - runs: of one method; those that reached the target if any did.
    ///   - growth: rows of the full data over rows of the sample: iterations over all rows become that much longer.
    init(
        runs: [PilotRun], allreduces: [AllreduceMeasurement], kernels: [KernelMeasurement], ranksPerNode: Int,
        nodes: (Int) -> Int, growth: Double = 1
    ) throws {
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
        overlap = 1
        phases = fitPhases(runs, counts: counts, growth: growth, nodes: nodes)
        fitDelay(runs, nodes: nodes)
    }

    private func fitPhases(_ runs: [PilotRun], counts: [Int], growth: Double, nodes: (Int) -> Int) -> [Phase] {
        var keys: [String] = []
        for phase in runs.flatMap(\.work) where !keys.contains(phase.key) { keys.append(phase.key) }
        return keys.map { key in
            var rows: [(x: [Double], y: Double, weight: Double)] = []
            var mean: WorkPhase?
            for run in runs {
                guard let phase = run.work.first(where: { $0.key == key }) else { continue }
                if mean == nil { mean = phase } else { mean?.add(phase) }
                let onNode = (run.ranks + nodes(run.ranks) - 1) / nodes(run.ranks)
                let share = WorkPhase.largestShare(batch: phase.batch, ranks: run.ranks)
                let loaded = phase.rows * share * slowdown(onNode)
                guard phase.compute > 0 else { continue }
                rows.append(
                    (
                        counts.count > 1 ? [phase.iterations, loaded] : [0, loaded], phase.compute,
                        1 / (phase.compute * phase.compute)
                    ))
            }
            var work = mean ?? WorkPhase.none
            work.divide(by: Double(runs.count))
            if key == "full" {
                work.rows *= growth
                work.batch *= growth
            }
            let coefficients = LeastSquares.nonNegative(rows, count: 2)
            return Phase(work: work, perIteration: coefficients[0], perRow: coefficients[1])
        }
    }

    /// What communication took beyond the model's allreduces, as delays of the slowest.
    private mutating func fitDelay(_ runs: [PilotRun], nodes: (Int) -> Int) {
        var measured = 0.0
        var modelled = 0.0
        var rows: [(x: [Double], y: Double, weight: Double)] = []
        for run in runs where run.ranks > 1 {
            let count = nodes(run.ranks)
            let network = run.work.reduce(0) {
                $0 + reductions($1, ranksOnNode: (run.ranks + count - 1) / count, nodes: count)
            }
            let communication = run.work.reduce(0) { $0 + $1.communication }
            let calls = run.work.reduce(0) { $0 + $1.reductionCount }
            measured += communication
            modelled += network
            rows.append(
                ([calls * Self.harmonic(run.ranks)], communication - network, 1 / max(communication, 1e-9).squared))
        }
        if modelled > measured, modelled > 0 {
            overlap = measured / modelled
        } else {
            delay = LeastSquares.nonNegative(rows, count: 1)[0]
        }
    }

    /// H_P − 1.
    static func harmonic(_ ranks: Int) -> Double {
        guard ranks > 1 else { return 0 }
        if ranks <= 64 { return (2...ranks).reduce(0) { $0 + 1 / Double($1) } }
        return log(Double(ranks)) + 0.5772156649015329 + 1 / (2 * Double(ranks)) - 1
    }

    /// m: straight lines between what was measured, the last value beyond.
    func slowdown(_ ranksOnNode: Int) -> Double {
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
    func nodes(_ ranks: Int) -> Int { (ranks + ranksPerNode - 1) / ranksPerNode }

    /// Whether the network that P ranks need was measured or given.
    func knows(_ ranks: Int) -> Bool { nodes(ranks) == 1 || network.knowsNodes }

    /// Seconds in computation and in communication, waiting included, on P ranks.
    func seconds(_ ranks: Int) -> (compute: Double, communication: Double) {
        let count = nodes(ranks)
        let onNode = min(ranks, ranksPerNode)
        var compute = 0.0
        var communication = 0.0
        for phase in phases {
            compute +=
                phase.perIteration * phase.work.iterations
                + phase.perRow * slowdown(onNode) * phase.work.rows
                * WorkPhase.largestShare(batch: phase.work.batch, ranks: ranks)
            guard ranks > 1 else { continue }
            communication +=
                overlap * reductions(phase.work, ranksOnNode: onNode, nodes: count)
                + delay * phase.work.reductionCount * Self.harmonic(ranks)
        }
        return (compute, communication)
    }
}

extension WorkPhase {
    static let none = WorkPhase(
        key: "", iterations: 0, batch: 0, rows: 0, seconds: 0, communication: 0, transfer: 0, reductions: [])

    mutating func divide(by count: Double) {
        guard count > 0 else { return }
        iterations /= count
        rows /= count
        seconds /= count
        communication /= count
        transfer /= count
        for index in reductions.indices { reductions[index].count /= count }
    }
}

extension Double {
    fileprivate var squared: Double { self * self }
}
