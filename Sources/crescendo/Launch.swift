import ArgumentParser
import BigBatch
import MPI
import Platform
import Telemetry

extension Crescendo {
    /// Reads the command line, joins the other ranks, runs the command and ends with its code.
    static func main() {
        Signals.ignoreWriteSignals()
        let request = CommandLineReader.read(Array(CommandLine.arguments.dropFirst()))
        // Before MPI starts: a signal sent to all ranks must not kill those that are late.
        if case .run(let command, _) = request, command is TrainCommand || command is PilotCommand {
            Signals.installEarly()
        }
        let environment: MPIEnvironment
        do {
            environment = try MPIEnvironment.start(stallTimeout: stallTimeout(of: request))
        } catch let error as LauncherMismatch {
            if (error.launcher.rank ?? 0) == 0 { complain("\(error)") } else { sleep(1) }
            end(1)
        } catch {
            complain("\(error)")
            end(1)
        }
        if let launcher = environment.launcher, launcher.isShell, launcher.size > 1, needsRanks(request) {
            complain(
                "this shell belongs to task 0 of \(launcher.size) of `srun --pty`: one process would train alone. Start the "
                    + "ranks with 'crescendo launch' before the same words, or with mpirun")
            end(1)
        }
        let code = Program(world: environment.world).serve(request)
        if environment.world.rank == 0 { ExitNote.write(code) }
        do {
            try environment.finalize()
        } catch {
            environment.abort("crescendo: \(error)", code: 1)
        }
        end(code)
    }

    /// Whether it matters on how many ranks the request is served.
    private static func needsRanks(_ request: Request) -> Bool {
        guard case .run(let command, _) = request else { return false }
        return command is TrainCommand || command is PilotCommand || command is DoctorCommand
            || command is VerifyCommand
    }

    private static func stallTimeout(of request: Request) -> Double {
        guard case .run(let command, _) = request else { return Defaults.stallTimeout }
        let given: StallTimeout? =
            switch command {
            case let command as TrainCommand: command.expert.stallTimeout
            case let command as PredictCommand: command.stallTimeout
            case let command as EvaluateCommand: command.stallTimeout
            case let command as PilotCommand: command.stallTimeout
            default: nil
            }
        return given?.seconds ?? Defaults.stallTimeout
    }
}

/// `exit` of the system, which the parser's commands hide.
private func end(_ code: Int32) -> Never { exit(code) }

/// One program run on all ranks: whatever a rank meets, all leave together with one message and one code.
struct Program {
    let world: any Communicator

    func serve(_ request: Request) -> Int32 {
        do {
            try agree(on: request)
            switch request {
            case .say(let text, let code):
                // A message that is an error goes to standard error, help and scripts to standard output.
                let stream = code == 0 ? StandardStream.output : .error
                if world.rank == 0, !text.isEmpty { stream.say(text + "\n") }
                if code != 0 { letThrough() }
                return try checkingOutput(code)
            case .run(let command, _):
                return try checkingOutput(try run(command), isWanted: !keepsFiles(command))
            }
        } catch let error where error is ReductionError || error is MPIError {
            endJob(error)
        } catch {
            if world.rank == 0, !(error is Silence) {
                complain("\(error)")
                letThrough()
            }
            // No rank ends before the message is out: launchers kill the others when one ends with an error.
            do { try world.barrier() } catch { world.abort("crescendo: \(error)", code: ExitCode.failure) }
            if error is Silence { return ExitCode.stopped(by: SIGPIPE) }
            return error is UsageError ? Request.usageCode : ExitCode.failure
        }
    }

    /// The code to end with, now that all is written: what standard output did not take is an error of any command. A pipe
    /// whose reader went away is none of the program's making: no message then, and the code that shells know from other
    /// programs. Collective.
    /// - Parameter isWanted: the command is run for what it prints; else a reader may leave early.
    private func checkingOutput(_ code: Int32, isWanted: Bool = true) throws -> Int32 {
        let failure = world.rank == 0 ? StandardStream.outputFailure : nil
        let kind = try world.broadcastValue(failure == nil ? 0 : failure == .readerIsGone ? 1 : 2)
        switch kind {
        case 0: return code
        case 1: return code == 0 && isWanted ? ExitCode.stopped(by: SIGPIPE) : code
        default:
            if let failure { complain("\(failure)") }
            letThrough()
            try world.barrier()
            return code == 0 ? ExitCode.failure : code
        }
    }

    /// Commands whose result is files: standard output only tells how it goes.
    private func keepsFiles(_ command: any ParsableCommand) -> Bool {
        command is TrainCommand || command is PilotCommand || command is LaunchCommand
    }

    /// Launchers drop what they have not yet read when a rank ends with an error: lets the message get through.
    private func letThrough() {
        if world.rank == 0, world.size > 1 { usleep(100_000) }
    }

    /// Ends all ranks for an error that this one may have met alone: the others may be waiting in another call, so none
    /// is made. Where all have met it, rank 0 comes first and is the only one heard.
    private func endJob(_ error: any Error) -> Never {
        if world.rank > 0 { sleep(1) }
        world.abort("crescendo: rank \(world.rank) of \(world.size): \(error)", code: ExitCode.failure)
    }

    /// Launchers can start ranks with different arguments or with a configuration file that only some can see. All
    /// ranks must do the same thing.
    private func agree(on request: Request) throws {
        let own: String =
            switch request {
            case .say(let text, _): "say " + text
            case .run(_, let source): "run " + source
            }
        let first = try world.broadcast(bytes: Array(own.utf8))
        let differs = first != Array(own.utf8)
        try world.throwTogether(differs ? DifferentRequest(request: request) : nil)
    }

    private func run(_ command: any ParsableCommand) throws -> Int32 {
        switch command {
        case let train as TrainCommand: return try TrainJob(train, world: world).run()
        case let predict as PredictCommand: return try PredictJob(command: predict, world: world).run()
        case let evaluate as EvaluateCommand: return try EvaluateJob(command: evaluate, world: world).run()
        case let info as InfoCommand: return try InfoJob(command: info, world: world).run()
        case let verify as VerifyCommand: return try VerifyJob(command: verify, world: world).run()
        case let report as ReportCommand: return try ReportJob(command: report, world: world).run()
        case let pilot as PilotCommand: return try PilotJob(command: pilot, world: world).run()
        case let plan as PlanCommand: return try PlanJob(command: plan, world: world).run()
        case let doctor as DoctorCommand: return try DoctorJob(command: doctor, world: world).run()
        case let watch as WatchCommand:
            guard world.size == 1 else {
                throw StartError(description: "watch looks at files: run it without mpirun and srun")
            }
            return try WatchJob(command: watch).run()
        case let launch as LaunchCommand:
            try startedAlone("launch")
            return try LaunchJob(launch).run()
        case let submit as SubmitCommand:
            try startedAlone("submit")
            return try SubmitJob(command: submit).run()
        default: return ExitCode.failure
        }
    }
}

extension Program {
    /// `launch` and `submit` start ranks and are none.
    private func startedAlone(_ name: String) throws {
        guard world.size > 1 else { return }
        throw StartError(description: "\(name) starts the ranks by itself: run it without mpirun and srun")
    }
}

/// This rank was asked for something else than rank 0.
struct DifferentRequest: Error, CustomStringConvertible {
    var description: String

    init(request: Request) {
        switch request {
        case .say(let text, _): description = text
        case .run:
            description =
                "started with other arguments or another configuration file than rank 0; all ranks need the same"
        }
    }
}
