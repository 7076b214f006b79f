import ArgumentParser

struct SubmitCommand: ParsableCommand {
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
