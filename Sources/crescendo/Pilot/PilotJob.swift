import BigBatch
import Cluster
import Datasets
import MPI
import Models
import Planning
import Platform
import Telemetry

/// `crescendo pilot` on all ranks, from the data files to the page.
final class PilotJob {
    let command: PilotCommand
    let world: any Communicator
    let console: Console
    let start = monotonicSeconds()
    let started = timestamp()
    let budget: PilotBudget

    init(command: PilotCommand, world: any Communicator) {
        self.command = command
        self.world = world
        console = Console(speaks: world.rank == 0)
        budget = command.budget ?? .standard
    }

    func say(_ text: String) {
        if !command.quiet { console.print(text) }
    }

    /// Rank 0's seconds since the start. Collective.
    private func elapsed() throws -> Double { try world.broadcastValue(monotonicSeconds() - start) }

    func run() throws -> Int32 {
        Signals.install()
        let threads = try ThreadCount.settle(command.threads, world, note: console.note)
        let folder = try world.onRoot {
            try PilotFolder.prepare(
                output: command.output, data: command.data, overwrite: command.overwrite)
        }
        let counts = command.ranks ?? RankGroups.counts(upTo: world.size)
        if let most = counts.last, most > world.size {
            throw PilotError(
                description: "--ranks \(most), but there are \(world.size): start it with mpirun -n \(most), or more")
        }
        let machine = try PilotJob.machine(world, threads: threads)
        let groups = try RankGroups(
            world, counts: counts, stallTimeout: command.stallTimeout?.seconds ?? Defaults.stallTimeout)
        let loaded = try PilotData(
            command, threads: threads, world: world, console: command.quiet ? nil : console)
        let loadSeconds = try elapsed()
        if budget.unit == .seconds, loadSeconds > 0.7 * budget.amount {
            throw PilotError(
                description: "reading the data alone took \(NumberFormat.duration(loadSeconds)) of --budget "
                    + "\(NumberFormat.duration(budget.amount)): allow several times as much")
        }
        let file = try conduct(loaded.model, loaded, groups, machine, loadSeconds)
        try world.onRoot {
            guard let folder else { return }
            let concluded = PilotAnalysis.conclude(file)
            try folder.write(concluded)
            say("\n" + PilotText(file: concluded).text + "\n")
            say("Written: \(folder.page) and \(folder.json)")
        }
        let signal = try world.allreduce(Signals.received, .maximum)
        return signal == 0 || signal == Signals.finish ? 0 : ExitCode.stopped(by: signal)
    }

    static func machine(_ world: any Communicator, threads: Int) throws -> PilotFile.Machine {
        let facts = try RankFacts.here().shared(world)
        var hosts: [String] = []
        let hostOfRank = facts.map { fact in
            if let index = hosts.firstIndex(of: fact.host) { return index }
            hosts.append(fact.host)
            return hosts.count - 1
        }
        return PilotFile.Machine(
            ranks: world.size, threads: threads, hosts: hosts, hostOfRank: hostOfRank, processor: facts[0].model)
    }

    /// Probes, then runs until the budget is spent.
    private func conduct(
        _ model: some Model, _ loaded: PilotData, _ groups: RankGroups, _ machine: PilotFile.Machine,
        _ loadSeconds: Double
    ) throws -> PilotFile {
        // Nearly half a second, or half a per cent, goes into the page and the end of the last run.
        let inSeconds = budget.unit == .seconds
        let closing = inSeconds ? min(0.4, 0.03 * budget.amount) : 0
        let left = inSeconds ? budget.amount - loadSeconds : 60
        let probes = PilotProbes(groups: groups, machine: machine)
        let kernels = try probes.kernels(
            model, loaded.training, seconds: min(0.5, 0.02 * left / Double(groups.counts.count)))
        let sample = try loaded.sampleRows(
            asked: command.sample, secondsPerRow: kernels[0].secondsPerRow, seconds: inSeconds ? left : nil,
            counts: groups.counts)
        let data = try loaded.spread(sample, groups)
        var allreduces: [AllreduceMeasurement] = []

        var schedule = PilotSchedule(
            methods: command.methods ?? PilotMethod.allCases, ranks: groups.counts,
            budget: budget.amount - closing,
            candidates: { $0.candidates(meanSquaredNorm: loaded.meanSquaredNorm, isConvex: model.isConvex) })
        var runs: [PilotRun] = []
        var best = Double.infinity
        var passes = 0.0
        var tuningSeconds: [PilotMethod: Double] = [:]
        var isInterrupted = false
        while true {
            let begin = try elapsed()
            guard let assignment = schedule.next(spent: inSeconds ? begin : passes) else { break }
            let target = best.isFinite && model.isConvex ? best + loaded.tolerance * abs(best) : nil
            let trial = try groups.run(on: assignment.ranks, limit: inSeconds ? 10 * assignment.allowance : 86_400) {
                group in
                guard let part = data[assignment.ranks] else { throw PilotError(description: "no data for the group") }
                return try PilotTrial(
                    assignment: assignment, configuration: configuration(assignment, loaded, sample, model), data: part,
                    group: group, specification: loaded.specification, labels: loaded.labels,
                    threads: machine.threads, target: target, l2: loaded.l2
                ).run(model)
            }
            let run = try PilotRun.shared(trial, world)
            isInterrupted = try world.allreduce(Signals.received, .maximum) != 0
            let end = try elapsed()
            if isInterrupted { break }
            passes += run.gradientPasses
            schedule.note(
                assignment, cost: inSeconds ? end - begin : run.gradientPasses, objective: run.objective ?? .infinity,
                seconds: run.secondsToTarget)
            best = min(best, run.curve.map(\.objective).min() ?? best, run.objective ?? best)
            if assignment.purpose == .reference {
                allreduces = try probes.allreduces(
                    bytes: Set(run.work.flatMap(\.reductions).map(\.bytes)).sorted(), seconds: min(15, 0.05 * left))
            }
            if case .tuning = assignment.purpose { tuningSeconds[run.method, default: 0] += run.seconds }
            if assignment.purpose == .measurement { runs.append(run) }
            if assignment.number == 0 { tell(assignment, run) }
        }
        let seconds = try elapsed()
        var file = PilotFile(
            command: Array(CommandLine.arguments.dropFirst()), trainOptions: loaded.trainOptions,
            data: loaded.facts(sample), machine: machine,
            budget: PilotFile.Budget(
                unit: budget.unit.rawValue, amount: budget.amount, spent: inSeconds ? seconds : passes,
                seconds: seconds,
                loadSeconds: loadSeconds, wasInterrupted: isInterrupted),
            money: PilotFile.Money(
                price: command.price, hourlyWage: command.hourlyWage, tuningHours: command.tuningHours ?? 1),
            target: PilotFile.Target(tolerance: loaded.tolerance, best: best, objective: best), started: started,
            finished: timestamp())
        file.runs = runs
        file.kernels = kernels
        file.allreduces = allreduces
        file.tuning = schedule.methods.compactMap { method in
            guard let chosen = schedule.tuned(method), let count = schedule.tuningRuns[method] else { return nil }
            return PilotFile.Tuning(
                method: method, ranks: schedule.tuningRanks(method), runs: count,
                seconds: tuningSeconds[method] ?? 0, chosen: chosen)
        }
        return file
    }

    private func configuration(_ assignment: Assignment, _ loaded: PilotData, _ sample: Int, _ model: some Model)
        -> TrainerConfiguration
    {
        var base = model.isConvex ? TrainerConfiguration() : .nonConvex
        base.l2 = loaded.l2
        // A little beyond the target, so that the way to it is seen; the reference defines it.
        base.tolerance = loaded.tolerance * (assignment.purpose == .reference ? 0.05 : 0.25)
        // Rows that move within a run would make its parts hard to compare.
        base.balance = .off
        base.seed = (command.seed ?? 0) &+ UInt64(assignment.number)
        // Every repeat begins elsewhere in the order: the golden ratio spreads the beginnings evenly.
        let share = 0.6180339887498949 * Double(assignment.number)
        base.firstPosition = Int((share - share.rounded(.down)) * Double(sample))
        var limit = assignment.passes
        if budget.unit == .passes {
            limit = min(limit ?? .infinity, assignment.allowance)
        } else {
            base.timeLimit = 0.8 * assignment.allowance
        }
        base.maxEpochs = limit ?? (model.isConvex ? nil : 40)
        return assignment.method.configuration(base, tuned: assignment.candidate, rows: sample)
    }

    private func tell(_ assignment: Assignment, _ run: PilotRun) {
        switch assignment.purpose {
        case .reference:
            say("reference objective \(NumberFormat.significant(run.objective ?? .nan, 7))")
        case .tuning:
            break
        case .measurement:
            let time = run.secondsToTarget.map { NumberFormat.duration($0) + " to the target" } ?? "target not reached"
            say("\(assignment.method.rawValue) on \(assignment.ranks): \(time)")
        }
    }
}

extension PilotRun {
    /// Rank 0's run, on all ranks. Collective.
    fileprivate static func shared(_ run: PilotRun?, _ world: any Communicator) throws -> PilotRun {
        let bytes = try world.broadcast(bytes: world.rank == 0 ? try PilotRunText.encode(run) : [])
        return try PilotRunText.decode(bytes)
    }
}
