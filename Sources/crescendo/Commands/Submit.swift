import ArgumentParser
import Cluster
import Datasets
import MPI
import Platform
import Telemetry

struct SubmitCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Write a batch script for Slurm that sees a run through, and submit it with --now.",
        discussion: """
            Examples:
              crescendo submit --nodes 4 --ranks-per-node 16 --time 2h train data.svm --test held-out.svm
              crescendo submit --now --partition long --module openmpi train --config config.yaml

            Shows the script, the file it is in and the command that submits it. The run survives crashes, lost hosts, \
            preemption and time limits; its folder is runs/NAME-JOB unless --output says otherwise.
            """)

    @Option(help: ArgumentHelp("Machines (default: 1).", valueName: "count"), transform: parseCount(atLeast: 1))
    var nodes: Int?

    @Option(
        help: ArgumentHelp("Ranks on each machine (default: 1).", valueName: "count"), transform: parseCount(atLeast: 1)
    )
    var ranksPerNode: Int?

    @Option(
        help: ArgumentHelp("Threads of each rank (default: 1).", valueName: "count"), transform: parseCount(atLeast: 1))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Time limit of each turn of the job, as sbatch takes it (90 is minutes; 1:30:00, 1-12:30) or with units: 90m, "
                + "2h, 1d12h (default: 2h).",
            discussion: """
                A plain number is minutes here, as for sbatch, and seconds in train's own options, such as --time-limit. \
                90:30 is minutes and seconds; 1-12, 1-12:30 and 1-12:30:00 begin with days; UNLIMITED asks for no limit \
                but the partition's.
                """,
            valueName: "time"), transform: { try JobTime($0) })
    var time: JobTime?

    @Option(
        help: ArgumentHelp(
            "Name of the job and of the script's file: letters, digits and . _ - + = , @ (default: train).",
            valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Partition (default: the site's).", valueName: "name"))
    var partition: String?

    @Option(help: ArgumentHelp("Account (default: yours).", valueName: "name"))
    var account: String?

    @Option(
        help: ArgumentHelp(
            "A module to load first; give the option once for each (default: none).", valueName: "name"))
    var module: [String] = []

    @Option(
        help: ArgumentHelp(
            "One more option of sbatch, as --sbatch=--mem=8G or --sbatch='--comment=two words'; give it once for each "
                + "(default: none).",
            valueName: "option"))
    var sbatch: [String] = []

    @Flag(help: "Submit the script.")
    var now = false

    @Flag(help: "Replace the script's file if it holds something else.")
    var overwrite = false

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("train and its options.", valueName: "command"))
    var command: [String] = []
}

extension SubmitCommand {
    static let traits: Set<CommandTrait> = [.startsRanks]
    var passedCommand: [String]? { command }

    func check() throws {
        guard command.isEmpty else { return }
        throw OptionsError(text: "No command given: crescendo submit train data.svm")
    }

    func run(on world: any Communicator) throws -> Int32 { try SubmitJob(command: self).run() }
}

/// `crescendo submit`: writes a batch script, shows it, and submits it with `--now`.
struct SubmitJob {
    let command: SubmitCommand

    func run() throws -> Int32 {
        guard let script = try script() else { return ExitCode.usage }
        let path = script.name + ".sbatch"
        let text = script.text
        if let old = try? WholeFile.text(of: path), old != text, !command.overwrite {
            throw StartError(
                description: "\(path) is there with other contents; choose another --name, or --overwrite to replace it"
            )
        }
        try AtomicFile.write(text, to: path)
        StandardStream.output.write(text + "\n# The script above is in \(path).")
        guard command.now else {
            StandardStream.output.write(" Submit it:\n#     sbatch \(path)\n")
            return 0
        }
        StandardStream.output.write("\n# sbatch \(path)\n")
        let child = try ChildProcess(["sbatch", path])
        while !child.hasEnded() { usleep(20_000) }
        return child.code ?? 1
    }

    /// nil when the options of `train` are wrong, which has been said by then.
    private func script() throws -> JobScript? {
        // What is wrong with the options is better known now than when the job's turn comes.
        switch CommandLineReader.read(command.command) {
        case .say(let text, _):
            StandardStream.error.write(text + "\n")
            return nil
        case .run(let train as TrainCommand, _):
            for given in train.data + train.trainingData.testFiles {
                for file in (try? DataPaths.expanded([given])) ?? [given] where access(file, R_OK) != 0 {
                    complain("warning: \(ShellWord.quoted(file)) cannot be read from here")
                }
            }
        case .run:
            throw StartError(description: "submit writes scripts for train: crescendo submit train data.svm")
        }
        let name = command.name ?? "train"
        guard SubmitJob.isName(name) else {
            throw StartError(
                description: "--name \(ShellWord.quoted(name)): choose a name that can be that of a file and a job, of "
                    + "letters, digits and . _ - + = , @, with a letter or digit first")
        }
        return JobScript(
            name: name, nodes: command.nodes ?? 1, ranksPerNode: command.ranksPerNode ?? 1,
            threads: command.threads ?? 1, time: (command.time ?? .standard).text,
            options: try (command.partition.map { [try JobScript.option("--partition=", $0)] } ?? [])
                + (command.account.map { [try JobScript.option("--account=", $0)] } ?? [])
                + command.sbatch.map { try JobScript.option($0) },
            modules: command.module, command: command.command)
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.first, first.isLetter || first.isNumber, text.utf8.count <= 200 else { return false }
        return text.allSatisfy { $0.isLetter || $0.isNumber || "._-+=,@".contains($0) }
            && !text.unicodeScalars.contains { [.control, .format].contains($0.properties.generalCategory) }
    }
}
