import ArgumentParser
import MPI

/// A command of the program: its options, and what it does on every rank. Each is one file in this folder, and a line in
/// `Crescendo`.
protocol RankCommand: ParsableCommand {
    static var traits: Set<CommandTrait> { get }
    /// Its own `--stall-timeout`; nil: the program's.
    var stallTimeout: StallTimeout? { get }
    /// The command line that it runs in turn; nil: it runs none.
    var passedCommand: [String]? { get }

    /// What only the whole set of options tells.
    /// - Throws: `OptionsError`.
    func check() throws
    /// The same with what the files that it names say.
    /// - Parameter arguments: the whole command line.
    /// - Returns: the command, and the text of those files, which must be the same on all ranks.
    func completed(_ arguments: [String]) throws -> (command: any RankCommand, text: String)
    /// On all ranks. Errors leave as errors; the code is the program's.
    func run(on world: any Communicator) throws -> Int32
}

enum CommandTrait {
    /// It matters on how many ranks it runs.
    case needsRanks
    /// Signals count from the start of the program on, not only once it runs.
    case listensEarly
    /// Its result is files: standard output only tells how it goes, and a reader may leave.
    case keepsFiles
    /// One process, and no launcher.
    case runsAlone
    /// The same, because it starts ranks itself.
    case startsRanks
}

extension RankCommand {
    static var traits: Set<CommandTrait> { [] }
    var stallTimeout: StallTimeout? { nil }
    var passedCommand: [String]? { nil }
    static var name: String { configuration.commandName ?? "" }

    func check() throws {}
    func completed(_ arguments: [String]) throws -> (command: any RankCommand, text: String) { (self, "") }
}

/// Options that are right one by one and wrong together.
struct OptionsError: Error {
    var text: String
}

/// What a command line asks for: a command to run, or a text to print and a code to end with.
enum Request {
    /// - Parameter source: all that the command was made from; equal on all ranks.
    case run(any RankCommand, source: String)
    case say(String, code: Int32)
}
