import ArgumentParser
import Models

/// What a command line asks for: a command to run, or a text to print and a code to end with.
enum Request {
    /// - Parameter source: all that the command was made from; equal on all ranks.
    case run(any ParsableCommand, source: String)
    case say(String, code: Int32)

    /// 64, the code for wrong options.
    static let usageCode: Int32 = 64
}

/// Options that are right one by one and wrong together.
private struct OptionsError: Error {
    var text: String
    var command = "train"
}

/// Turns arguments, and the configuration file they name, into a request.
enum CommandLineReader {
    static func read(_ arguments: [String]) -> Request {
        let arguments = joiningNegativeValues(arguments)
        let source = arguments.joined(separator: "\u{0}") + "\u{0}"
        if let stray = strayCommand(arguments) { return .say(stray, code: Request.usageCode) }
        do {
            var command = try Crescendo.parseAsRoot(arguments)
            switch command {
            case let train as TrainCommand:
                let file = try train.run.config.map {
                    (path: $0, text: try ConfigurationFile.text(of: $0, option: "--config"))
                }
                let merged = try file.map { try merge($0.text, of: $0.path, into: train, arguments) } ?? train
                try check(merged)
                return .run(merged, source: source + (file?.text ?? ""))
            case let pilot as PilotCommand:
                try check(pilot)
                return .run(command, source: source)
            case let launch as LaunchCommand where launch.watchHost == nil:
                return try passing(launch, "launch", launch.command, source)
            case let submit as SubmitCommand:
                return try passing(submit, "submit", submit.command, source)
            case is PlanCommand, is PredictCommand, is EvaluateCommand, is InfoCommand, is WatchCommand,
                is LaunchCommand, is DoctorCommand, is ReportCommand, is VerifyCommand:
                return .run(command, source: source)
            default:
                // The bare program is a command of the parser's own, with nothing to do but print.
                try command.run()
                return .say("", code: 0)
            }
        } catch let error as ConfigurationError {
            return .say("Error: \(error)", code: Request.usageCode)
        } catch let error as OptionsError {
            return .say("Error: \(error.text)\nSee 'crescendo \(error.command) --help'.", code: Request.usageCode)
        } catch {
            return .say(Crescendo.fullMessage(for: error), code: Crescendo.exitCode(for: error).rawValue)
        }
    }

    /// A command that runs another one. The parser takes a `--help` in the other's place for the other's.
    private static func passing(
        _ command: any ParsableCommand, _ name: String, _ passed: [String], _ source: String
    ) throws -> Request {
        switch passed.first {
        case nil: throw OptionsError(text: "No command given: crescendo \(name) train data.svm", command: name)
        case "-h", "--help": read(["help", name])
        default: .run(command, source: source)
        }
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

    /// The options of the file come first and the command line's own after them, so the latter win. A list on the
    /// command line replaces the file's.
    static func merge(
        _ text: String, of path: String, into train: TrainCommand, _ arguments: [String]
    ) throws -> TrainCommand {
        let file = try ConfigurationFile(yaml: text, path: path)
        let replaced = Set(
            [
                ("data", train.data), ("test", train.trainingData.test), ("drop", train.reading.drop),
                ("id", train.reading.id), ("network", train.model.network), ("labels", train.reading.labels),
                ("test-labels", train.trainingData.testLabels),
            ].filter { !$0.1.isEmpty }.map { $0.0 })
        var options: [String] = []
        var data: [String] = []
        for entry in file.entries where !replaced.contains(entry.key) {
            do {
                _ = try TrainCommand.parse(entry.key == "data" ? ["--"] + entry.arguments : entry.arguments)
            } catch {
                throw ConfigurationError(file: path, line: entry.line, message: TrainCommand.message(for: error))
            }
            if entry.key == "data" { data += entry.arguments } else { options += entry.arguments }
        }
        let own = arguments.drop { $0 != "train" }.dropFirst()
        let merged = options + own + (data.isEmpty ? [] : (own.contains("--") ? [] : ["--"]) + data)
        return try TrainCommand.parse(merged)
    }

    /// What only the whole set of options tells.
    private static func check(_ train: TrainCommand) throws {
        if train.data.isEmpty {
            throw OptionsError(text: "No data given. Name the data files: crescendo train data.svm")
        }
        if train.data.contains("-") || train.trainingData.test.contains("-") {
            throw OptionsError(text: "train reads files, not standard input: data is read twice.")
        }
        if train.run.tolerance == 0, train.run.maxEpochs == nil, train.run.maxIterations == nil,
            train.run.timeLimit == nil, (try? train.model.description) == nil
        {
            throw OptionsError(text: "--tolerance 0 never ends: add --max-epochs, --max-iterations or --time-limit.")
        }
        do {
            _ = try train.model.description
        } catch let error as ModelError {
            throw OptionsError(text: "--network: \(error)")
        }
        if train.trainingData.augment != nil, try train.model.description == nil {
            throw OptionsError(text: "--augment needs a network: add --model lenet5, say.")
        }
        if train.expert.direction == .lbfgs, try train.model.description != nil {
            throw OptionsError(
                text: "--direction lbfgs is for linear models: leave it out, or take momentum, adam or adadelta.")
        }
        if let step = train.expert.step, step == .fixed || step == .sgd, train.expert.stepSize == nil,
            train.expert.direction?.isAdaptive != true
        {
            throw OptionsError(text: "--step \(step.rawValue) needs --step-size.")
        }
    }

    private static func check(_ pilot: PilotCommand) throws {
        func fail(_ text: String) -> OptionsError { OptionsError(text: text, command: "pilot") }
        if pilot.data.isEmpty { throw fail("No data given. Name the data files: crescendo pilot data.svm") }
        if pilot.data.contains("-") { throw fail("pilot reads files, not standard input.") }
        if pilot.methods?.isEmpty == true { throw fail("--methods names none: leave it out for all.") }
        do {
            _ = try pilot.model.description
        } catch let error as ModelError {
            throw fail("--network: \(error)")
        }
    }
}
