import Telemetry

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `crescendo launch`: starts the ranks, and starts them again while that helps.
struct LaunchJob {
    let command: LaunchCommand
    private let job = SlurmJob()
    private let inbox = SignalInbox([SIGCHLD, SIGUSR1, SIGTERM, SIGINT])
    private let program = CommandLine.arguments[0]

    init(_ command: LaunchCommand) { self.command = command }

    func run() throws -> Int32 {
        if let host = command.watchHost { return watch(host) }
        let train: TrainCommand
        switch CommandLineReader.read(command.command) {
        case .say(let text, let code):
            (code == 0 ? StandardStream.output : .error).write(text.isEmpty ? "" : text + "\n")
            return code
        case .run(is LaunchCommand, _):
            throw StartError(description: "launch cannot launch itself")
        case .run(let parsed as TrainCommand, _):
            train = parsed
        case .run:
            let launcher = command.launcher ?? LaunchPlan.preferred(inJob: job != nil)
            return start(command.command, launcher, on: nil).code
        }
        return try see(through: train)
    }

    // MARK: - A run

    private func see(through train: TrainCommand) throws -> Int32 {
        var arguments = command.command
        guard let folder = train.run.output ?? job?.runFolder else {
            throw StartError(
                description:
                    "outside a Slurm job, name the run's folder, in which it goes on after a crash: --output runs/first"
            )
        }
        if train.run.output == nil { arguments = LaunchJob.adding(["--output", folder], to: arguments) }
        let first = StoredStatus(folder: folder)
        if let job, job.restarts > 0, first?.state == "finished" {
            say("the run in \(folder) has finished already")
            return 0
        }

        var launcher = command.launcher ?? LaunchPlan.preferred(inJob: job != nil)
        var budget = RetryBudget(limit: command.retries ?? 5)
        var hosts: [SlurmJob.HostShare]?
        var before = first
        var hasBegun = false
        while true {
            let guardian = watchFromElsewhere(hosts ?? job?.hosts ?? [])
            var options: [String] = []
            if train.run.endTime == nil, let end = job?.end { options.append("--end-time=\(end)") }
            // What this job has begun it goes on with.
            if hasBegun || (job?.restarts ?? 0) > 0 { options.append("--no-overwrite") }
            let (code, own, signal) = start(LaunchJob.adding(options, to: arguments), launcher, on: hosts)
            guardian?.signal(SIGTERM)
            let after = StoredStatus(folder: folder)
            let outcome = RunOutcome(own: own, before: before, after: after)
            switch outcome {
            case .finished: return 0
            case .failed(let code): return code
            case .interrupted(let reason):
                // After Ctrl-C or SIGTERM somebody wants the job to end, or Slurm itself will start it again.
                if signal == SIGTERM || signal == SIGINT { return 128 + (signal ?? 0) }
                return leave(reason, progress: hasProgressed(from: first, to: after))
            case .crashed(let isOwn):
                hasBegun = hasBegun || isOwn
                if let signal, signal != SIGUSR1 { return 128 + signal }
                if signal == SIGUSR1 {
                    return leave("crashed near its end", progress: hasProgressed(from: first, to: after))
                }
                guard let pause = budget.pause(afterProgress: hasProgressed(from: before, to: after)) else {
                    complain("the run crashed \(budget.crashes) times without getting any further; giving up")
                    return code == 0 ? 1 : code
                }
                say("the ranks ended with code \(code) and without a word; starting them again in \(Int(pause)) s")
                if !isOwn, command.launcher == nil, job != nil { launcher = launcher.other }
                if let signal = rest(pause) {
                    return signal == SIGUSR1 ? leave("signal", progress: true) : 128 + signal
                }
                before = after ?? before
                hosts = hostsLeft(hosts)
                if let hosts, hosts.isEmpty {
                    complain("no host of the job answers; giving up")
                    return 1
                }
            }
        }
    }

    /// Behind the other options, so that these win, and before a -- that ends them.
    static func adding(_ options: [String], to arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end] + options + arguments[end...]
    }

    private func hasProgressed(from before: StoredStatus?, to after: StoredStatus?) -> Bool {
        (after?.iteration ?? 0) > (before?.iteration ?? 0)
    }

    /// Starts the ranks and waits for their end; the signal is the first one that came meanwhile.
    private func start(
        _ arguments: [String], _ launcher: RankLauncher, on hosts: [SlurmJob.HostShare]?
    ) -> (code: Int32, own: Int32?, signal: Int32?) {
        let plan = LaunchPlan(
            launcher: launcher, hosts: hosts, ranks: hosts == nil ? command.ranks : nil,
            threads: job?.processorsPerTask)
        let line = plan.command([program] + arguments)
        say(line.joined(separator: " "))
        do {
            // Another name each time: file systems of networks remember that a file was not there.
            let name = [".crescendo-exit", job?.identifier, "\(getpid())", "\(Int(monotonicSeconds() * 1000))"]
            let note = absolutePath(name.compactMap { $0 }.joined(separator: "-"))
            let child = try ChildProcess(
                line, variables: LaunchPlan.variables.merging([ExitNote.variable: note]) { $1 })
            var first: Int32?
            while !child.hasEnded() {
                guard let signal = inbox.next(within: 5), signal != SIGCHLD else { continue }
                first = first ?? signal
                // A terminal sends Ctrl-C to the launcher as well. mpirun kills the ranks on SIGTERM; SIGUSR1, which both
                // launchers pass on, leaves them the time for a checkpoint.
                if signal != SIGINT || isatty(0) == 0 { child.signal(SIGUSR1) }
            }
            return (child.code ?? 1, ExitNote.take(note), first)
        } catch {
            complain("\(error)")
            return (1, nil, nil)
        }
    }

    /// Waits; a signal that asks for the end is returned at once.
    private func rest(_ seconds: Double) -> Int32? {
        let end = monotonicSeconds() + seconds
        while monotonicSeconds() < end {
            if let signal = inbox.next(within: end - monotonicSeconds()), signal != SIGCHLD { return signal }
        }
        return nil
    }

    /// The hosts to start on after a crash: all as at first while none is lost.
    private func hostsLeft(_ used: [SlurmJob.HostShare]?) -> [SlurmJob.HostShare]? {
        guard let job else { return nil }
        job.endSteps()
        let candidates = used ?? job.hosts
        let known = job.remaining.map(Set.init)
        let answering = Set(job.answering(candidates.map(\.name).filter { known?.contains($0) ?? true }))
        let left = candidates.filter { answering.contains($0.name) }
        if left.count == candidates.count { return used }
        let lost = candidates.filter { !answering.contains($0.name) }.map(\.name)
        say("going on without \(lost.joined(separator: ", "))")
        return left
    }

    /// Puts the job back into the queue where that makes sense.
    private func leave(_ reason: String, progress: Bool) -> Int32 {
        let again = "the same command goes on from the last checkpoint"
        guard let job, job.isBatch else {
            say("interrupted (\(reason)); \(again)")
            return RunCode.interrupted
        }
        guard progress else {
            complain("interrupted (\(reason)) before the run got any further; give the job more time (sbatch --time)")
            return RunCode.interrupted
        }
        guard job.requeue() else {
            complain(
                "interrupted (\(reason)); Slurm refuses to requeue the job (sbatch --requeue); submit it again: \(again)"
            )
            return RunCode.interrupted
        }
        say("interrupted (\(reason)); the job is back in the queue")
        // Slurm ends this process; a script that went on would end the job instead.
        _ = rest(120)
        return RunCode.interrupted
    }

    // MARK: - The host of the batch script

    /// With `--no-kill`, Slurm takes the loss of the first host for that of any other, and leaves a job without a script
    /// until its time is over. A process on another host asks Slurm now and then.
    private func watchFromElsewhere(_ hosts: [SlurmJob.HostShare]) -> ChildProcess? {
        guard let job, job.isBatch, hosts.count > 1, let own = job.hosts.first?.name,
            let place = hosts.first(where: { $0.name != own })?.name
        else { return nil }
        return try? ChildProcess(
            [
                "srun", "--overlap", "--nodes=1", "--ntasks=1", "--cpus-per-task=1", "--nodelist=\(place)",
                "--mpi=none",
                "--quiet", program, "launch", "--watch-host", own,
            ], capturing: true)
    }

    private func watch(_ host: String) -> Int32 {
        guard let job else { return 1 }
        while true {
            if let signal = rest(15) { return 128 + signal }
            guard let remaining = job.remaining, !remaining.contains(host) else { continue }
            return job.requeue() ? 0 : 1
        }
    }

    private func say(_ text: String) { StandardStream.output.write("crescendo launch: \(text)\n") }
}

/// Codes with which `train` and `launch` end besides 0, 1 and 64.
enum RunCode {
    /// The same command goes on where this one left.
    static let interrupted: Int32 = 75
}
