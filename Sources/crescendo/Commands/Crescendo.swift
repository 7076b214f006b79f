import ArgumentParser
import Platform
import Runs

/// The program's name, version and commands. `main` is in Launch.swift.
@main
struct Crescendo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crescendo",
        abstract: "Trains models on CPU clusters with no knobs.",
        discussion: """
            crescendo train data.svm                   on this machine
            mpirun -n 64 crescendo train data.svm      on 64 ranks, the same result

            The batch grows as the gradient's signal fades, the step size finds itself, and the run stops when it is \
            done. A run is a folder: config.yaml, metrics.jsonl, result.json and model.safetensors.

            Exit codes: 0 done; 1 data, files, memory or a lost rank; 2 training diverged; 64 wrong options; \
            75 interrupted, and the same command goes on, or a rank did not answer within --stall-timeout; \
            130 and 143 stopped by Ctrl-C or SIGTERM (the run folder is usable).
            """,
        version: programVersion,
        subcommands: [
            TrainCommand.self, PredictCommand.self, EvaluateCommand.self, InfoCommand.self, WatchCommand.self,
            ReportCommand.self, VerifyCommand.self,
            LaunchCommand.self, SubmitCommand.self, DoctorCommand.self, PilotCommand.self, PlanCommand.self,
        ])
}

/// Turns arguments, and the configuration file they name, into a request.
enum CommandLineReader {
    static func read(_ arguments: [String]) -> Request {
        let arguments = joiningNegativeValues(arguments)
        let source = arguments.joined(separator: "\u{0}") + "\u{0}"
        if let stray = strayCommand(arguments) { return .say(stray, code: ExitCode.usage) }
        var name = ""
        do {
            var parsed = try parsed(arguments)
            guard let command = parsed as? any RankCommand else {
                // The bare program is a command of the parser's own, with nothing to do but print.
                try parsed.run()
                return .say("", code: 0)
            }
            name = type(of: command).name
            let (complete, text) = try command.completed(arguments)
            try complete.check()
            // The parser takes a `--help` in the passed command's place for that one's.
            if let first = complete.passedCommand?.first, ["-h", "--help"].contains(first) {
                return read(["help", name])
            }
            return .run(complete, source: source + text)
        } catch let error as ConfigurationError {
            return .say("Error: \(error)", code: ExitCode.usage)
        } catch let error as OptionsError {
            return .say("Error: \(error.text)\nSee 'crescendo \(name) --help'.", code: ExitCode.usage)
        } catch {
            return .say(Crescendo.fullMessage(for: error), code: Crescendo.exitCode(for: error).rawValue)
        }
    }

    /// The parser, on its way from the program to a command, looks at all options of that three times: what goes well goes well
    /// without. Words that are no such command line it explains as the program's.
    private static func parsed(_ arguments: [String]) throws -> ParsableCommand {
        if arguments.first == TrainCommand.name, let train = try? TrainCommand.parse(Array(arguments.dropFirst())) {
            return train
        }
        return try Crescendo.parseAsRoot(arguments)
    }

    /// The parser calls a mistyped command an unexpected argument; say which one was meant.
    private static func strayCommand(_ arguments: [String]) -> String? {
        guard let first = arguments.first, !first.hasPrefix("-") else { return nil }
        let names = Crescendo.configuration.subcommands.compactMap { $0.configuration.commandName }
        if names.contains(first) || first == "help" { return nil }
        let hint =
            nearest(to: first, among: names).map { "Did you mean '\($0)'?" }
            ?? "The commands are " + names.joined(separator: ", ") + "."
        return "Error: Unknown command '\(first)'. \(hint)\nSee 'crescendo --help'."
    }

    /// The parser takes `-1` for an option: `--label -1` becomes `--label=-1`.
    static func joiningNegativeValues(_ arguments: [String]) -> [String] {
        var result: [String] = []
        for argument in arguments {
            if let last = result.last, last.hasPrefix("--"), last.count > 2, !last.contains("="),
                argument.hasPrefix("-"), argument.dropFirst().first?.isNumber == true
            {
                result[result.count - 1] = last + "=" + argument
            } else {
                result.append(argument)
            }
        }
        return result
    }
}
