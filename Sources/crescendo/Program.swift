import ArgumentParser
import BigBatch
import Cluster
import MPI
import Platform
import Telemetry

extension Crescendo {
    /// Reads the command line, joins the other ranks, runs the command and ends with its code.
    static func main() {
        Signals.ignoreWriteSignals()
        let request = CommandLineReader.read(Array(CommandLine.arguments.dropFirst()))
        // Before MPI starts: a signal sent to all ranks must not kill those that are late.
        if case .run(let command, _) = request, type(of: command).traits.contains(.listensEarly) {
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
        if case .run(let command, _) = request { type(of: command).traits.contains(.needsRanks) } else { false }
    }

    private static func stallTimeout(of request: Request) -> Double {
        guard case .run(let command, _) = request else { return Defaults.stallTimeout }
        return command.stallTimeout?.seconds ?? Defaults.stallTimeout
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
                return try checkingOutput(
                    try run(command), isWanted: !type(of: command).traits.contains(.keepsFiles))
            }
        } catch let error where error is ReductionError || error is MPIError {
            endJob(error)
        } catch {
            let isSilent = "\(error)" == Silence.text
            if world.rank == 0, !isSilent {
                complain("\(error)")
                letThrough()
            }
            // No rank ends before the message is out: launchers kill the others when one ends with an error.
            do { try world.barrier() } catch { world.abort("crescendo: \(error)", code: ExitCode.failure) }
            if isSilent { return ExitCode.stopped(by: SIGPIPE) }
            return error is UsageError ? ExitCode.usage : ExitCode.failure
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

    /// Launchers drop what they have not yet read when a rank ends with an error: lets the message get through.
    private func letThrough() {
        if world.rank == 0, world.size > 1 { usleep(100_000) }
    }

    /// Ends all ranks for an error that this one may have met alone: the others may be waiting in another call, so none
    /// is made. Where all have met it, rank 0 comes first and is the only one heard.
    private func endJob(_ error: any Error) -> Never {
        if world.rank > 0 { sleep(1) }
        world.abort("crescendo: rank \(world.rank) of \(world.size): \(spelled("\(error)"))", code: ExitCode.failure)
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

    private func run(_ command: any RankCommand) throws -> Int32 {
        let (name, traits) = (type(of: command).name, type(of: command).traits)
        guard world.size == 1 || traits.isDisjoint(with: [.runsAlone, .startsRanks]) else {
            let reason = traits.contains(.runsAlone) ? "looks at files" : "starts the ranks by itself"
            throw StartError(description: "\(name) \(reason): run it without mpirun and srun")
        }
        return try command.run(on: world)
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
