import ArgumentParser
import Cluster
import MPI
import Platform
import Runs
import Telemetry

extension RankLauncher: ExpressibleByArgument {}

struct LaunchCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Start the ranks of a run and see it through crashes, lost hosts and time limits.",
        discussion: """
            Examples:
              crescendo launch train data.svm --output runs/clicks       in a batch script: on the job's hosts
              crescendo launch --ranks 4 train data.svm                  on this machine
              crescendo launch doctor                                    any other command, once

            In a Slurm job the ranks are started by srun or mpirun as the job's --nodes, --ntasks and --cpus-per-task \
            say; in a heterogeneous job, on all of its components, by srun. After a crash, the run goes on from its last \
            checkpoint, on the hosts that still answer, unless its status.json says that it would fail again. SIGUSR1 \
            and the job's end make it write a checkpoint and put the job back into the queue, of an array that task.

            scancel JOB ends the run, and so does SIGTERM or SIGINT, whether sent to the batch script (scancel --batch \
            --signal=TERM JOB) or to the ranks (scancel --signal=TERM JOB): with a checkpoint, where the ranks have the \
            time, and the job does not go on by itself. Steps that are killed (scancel JOB.STEP) are a crash: the ranks \
            start again.

            Ends with 0 when the run is finished, 75 when it was interrupted and can go on, else with the run's code.
            """)

    @Option(
        help: ArgumentHelp(
            "What starts the ranks: srun or mpirun (default: srun where Slurm has what this program's MPI needs).",
            valueName: "launcher"))
    var launcher: RankLauncher?

    @Option(
        help: ArgumentHelp("Ranks (default: the tasks of the job).", valueName: "count"),
        transform: parseCount(atLeast: 1))
    var ranks: Int?

    @Option(
        help: ArgumentHelp(
            "Give up after this many crashes in a row without a newer checkpoint (default: 5).", valueName: "count"),
        transform: parseCount(atLeast: 0))
    var retries: Int?

    /// Watches the host of the batch script from another one, and puts the job back into the queue when it is lost.
    @Option(help: .hidden)
    var watchHost: String?

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("A command of this program with its options.", valueName: "command"))
    var command: [String] = []
}

extension LaunchCommand {
    static let traits: Set<CommandTrait> = [.startsRanks, .keepsFiles]
    var passedCommand: [String]? { watchHost == nil ? command : nil }

    func check() throws {
        guard watchHost == nil, command.isEmpty else { return }
        throw OptionsError(text: "No command given: crescendo launch train data.svm")
    }

    func run(on world: any Communicator) throws -> Int32 { try LaunchJob(self).run() }
}

/// `crescendo launch`: starts the ranks, and starts them again while that helps.
struct LaunchJob {
    let command: LaunchCommand
    let job = SlurmJob()
    let inbox = SignalInbox([SIGCHLD, SIGUSR1, SIGTERM, SIGINT])
    let program = CommandLine.arguments[0]

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
            return RankStart.code(try start(command.command, try launcher(), on: nil))
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
            say("the run in \(ShellWord.quoted(folder)) has finished already")
            return 0
        }

        var launcher = try launcher()
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
            let turn = try start(LaunchJob.adding(options, to: arguments), launcher, on: hosts)
            guardian?.signal(SIGTERM)
            let after = StoredStatus(folder: folder)
            switch RunOutcome(own: turn.own, before: before, after: after) {
            case .finished: return 0
            case .failed(let code): return code
            case .interrupted(let reason):
                // After Ctrl-C or SIGTERM somebody wants the run to end, or Slurm itself will start it again.
                if let signal = RunOutcome.end(wantedBy: turn.signal, reason) {
                    return ended(by: signal, reason, progress: true)
                }
                return leave(reason, progress: hasProgressed(from: first, to: after))
            case .crashed(let isOwn):
                hasBegun = hasBegun || isOwn
                if let signal = turn.signal ?? turn.signalOfRanks {
                    return ended(by: signal, "crashed near its end", progress: hasProgressed(from: first, to: after))
                }
                guard let pause = budget.pause(afterProgress: hasProgressed(from: before, to: after)) else {
                    complain("the run crashed \(budget.crashes) times without getting any further; giving up")
                    return RankStart.failure(turn.code)
                }
                // What cancels a job may reach its ranks before it reaches this process.
                if let signal = rest(1) { return ended(by: signal, "signal", progress: true) }
                let time = pause > 1 ? " in \(Int(pause - 1)) s" : ""
                say("the ranks ended with code \(turn.code) and without a word; starting them again\(time)")
                let canChange = command.launcher == nil && job?.components.isEmpty == true
                if !isOwn, canChange { launcher = launcher.other }
                if let signal = rest(pause - 1) { return ended(by: signal, "signal", progress: true) }
                before = after ?? before
                switch hostsLeft(hosts) {
                case .all: break
                case .some(let left): hosts = left
                case .none:
                    complain("no host of the job answers; giving up")
                    return 1
                case .notEnough: return leave("a host is lost", progress: true)
                }
                // What came meanwhile.
                if let signal = waiting() { return ended(by: signal, "signal", progress: true) }
            }
        }
    }

    /// The code to end with after a signal.
    private func ended(by signal: Int32, _ reason: String, progress: Bool) -> Int32 {
        if signal == SIGUSR1 { return leave(reason, progress: progress) }
        say("ended by \(Signals.name(signal)); the same command goes on from the last checkpoint")
        return 128 + signal
    }

    /// Behind the other options, so that these win, and before a -- that ends them.
    static func adding(_ options: [String], to arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end] + options + arguments[end...]
    }

    private func hasProgressed(from before: StoredStatus?, to after: StoredStatus?) -> Bool {
        (after?.iteration ?? 0) > (before?.iteration ?? 0)
    }

    /// Starts the ranks and waits for their end.
    private func start(
        _ arguments: [String], _ launcher: RankLauncher, on hosts: [SlurmJob.HostShare]?
    ) throws -> RankStart {
        let plan = LaunchPlan(
            launcher: launcher, hosts: hosts, ranks: hosts == nil ? command.ranks : nil,
            threads: job?.processorsPerTask, components: job?.components ?? [])
        let line = plan.command([program] + arguments)
        let note = try ExitNote.fresh(job: job?.identifier)
        say(ShellWord.quoted(line))
        do {
            let child = try ChildProcess(
                line, variables: LaunchPlan.variables.merging([ExitNote.variable: note]) { $1 })
            var first: Int32?
            var step = job.flatMap { StepWatch($0, launcher: launcher) }
            while !child.hasEnded() {
                if step?.isOver() == true {
                    say("the ranks have ended and srun waits for them; ending it")
                    child.signal(SIGKILL)
                }
                guard let signal = inbox.next(within: step?.pause ?? 5), signal != SIGCHLD else { continue }
                first = first ?? signal
                // A terminal sends Ctrl-C to the launcher as well. mpirun kills the ranks on SIGTERM; SIGUSR1, which both
                // launchers pass on, leaves them the time for a checkpoint.
                if signal != SIGINT || isatty(0) == 0 { child.signal(SIGUSR1) }
            }
            let word = ExitNote.take(note)
            // srun leaves ranks that got a signal the time to stop in order, and ends those of a crash with the same.
            return RankStart(
                code: child.code ?? 1, own: word.code, signal: first ?? waiting(),
                signalOfRanks: launcher == .mpirun ? word.signal : nil)
        } catch {
            complain("\(error)")
            return RankStart(code: 1)
        }
    }

    /// Waits; a signal that asks for the end is returned at once.
    func rest(_ seconds: Double) -> Int32? {
        let end = monotonicSeconds() + seconds
        while monotonicSeconds() < end {
            if let signal = inbox.next(within: end - monotonicSeconds()), signal != SIGCHLD { return signal }
        }
        return waiting()
    }

    /// A signal that asks for the end and has come by now.
    private func waiting() -> Int32? {
        while let signal = inbox.next(within: 0) {
            if signal != SIGCHLD { return signal }
        }
        return nil
    }

    /// Puts the job back into the queue where that makes sense.
    private func leave(_ reason: String, progress: Bool) -> Int32 {
        let again = "the same command goes on from the last checkpoint"
        guard let job, job.isBatch else {
            say("interrupted (\(reason)); \(again)")
            return ExitCode.interrupted
        }
        guard progress else {
            complain("interrupted (\(reason)) before the run got any further; give the job more time (sbatch --time)")
            return ExitCode.interrupted
        }
        // Slurm may end this process before it gets the answer.
        say("interrupted (\(reason)); the job goes back into the queue")
        guard job.requeue() else {
            complain("Slurm refuses to requeue the job (sbatch --requeue); submit it again: \(again)")
            return ExitCode.interrupted
        }
        // Slurm ends this process; a script that went on would end the job instead.
        _ = rest(120)
        return ExitCode.interrupted
    }

    func say(_ text: String) { StandardStream.output.write("crescendo launch: \(text)\n") }
}

/// How a start of the ranks came to its end.
struct RankStart {
    /// The launcher's, which tells little: 0 after the loss of a host, or that of whichever rank ended first.
    var code: Int32
    /// That of the program itself; nil: it came to no orderly end.
    var own: Int32?
    /// The first signal that asked for the end meanwhile.
    var signal: Int32?
    /// One that somebody sent to ranks.
    var signalOfRanks: Int32?

    /// What a command that is started once ends with.
    static func code(_ ended: RankStart) -> Int32 {
        if let own = ended.own { return own }
        if let signal = ended.signal { return 128 + signal }
        complain("the ranks ended with code \(ended.code) and without a word")
        return failure(ended.code)
    }

    static func failure(_ code: Int32) -> Int32 { code == 0 ? ExitCode.failure : code }
}
