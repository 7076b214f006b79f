import Platform

/// A batch script for Slurm whose run survives crashes, lost hosts, preemption and time limits. The scripts in `jobs` have
/// the same parts.
package struct JobScript {
    package var name: String
    package var nodes: Int
    package var ranksPerNode: Int
    package var threads: Int
    /// As sbatch takes it.
    package var time: String
    /// More lines for sbatch, as `option` has them.
    package var options: [String]
    package var modules: [String]
    /// A command of the program with its arguments.
    package var command: [String]

    package init(
        name: String, nodes: Int, ranksPerNode: Int, threads: Int, time: String, options: [String], modules: [String],
        command: [String]
    ) {
        self.name = name
        self.nodes = nodes
        self.ranksPerNode = ranksPerNode
        self.threads = threads
        self.time = time
        self.options = options
        self.modules = modules
        self.command = command
    }

    package var text: String {
        let lines =
            [
                "#!/bin/bash",
                "# Written by `crescendo submit`. The run's folder is runs/NAME-JOB, unless --output says otherwise.",
                "",
                "# What the job gets; options given to sbatch itself win.",
                JobScript.directive("--job-name=\(name)"),
                JobScript.directive("--nodes=\(nodes)", "machines"),
                JobScript.directive("--ntasks-per-node=\(ranksPerNode)", "ranks on each"),
                JobScript.directive("--cpus-per-task=\(threads)", "threads of each rank"),
                JobScript.directive("--time=\(time)", "a run that takes longer goes on in the job's next turn"),
                JobScript.directive("--output=%x-%j.log"),
            ] + options.map { JobScript.directive($0) } + [""] + JobScript.survival
            + ["", "# Your site: what puts `crescendo` and its MPI on PATH."]
            + (modules.isEmpty ? ["# module load openmpi"] : modules.map { "module load \(ShellWord.quoted($0))" })
            + ["", "exec crescendo launch " + ShellWord.quoted(command)]
        return lines.joined(separator: "\n") + "\n"
    }

    /// What `crescendo launch` relies on.
    package static let survival = [
        "# What makes it survive.",
        directive("--signal=B:USR1@120", "two minutes before the end: write a checkpoint, requeue"),
        directive("--requeue", "after preemption and the loss of the first host: back into the queue"),
        directive("--no-kill", "after the loss of another host: go on with the rest"),
        directive("--open-mode=append", "one log for all turns"),
    ]

    private static func directive(_ option: String, _ comment: String? = nil) -> String {
        let line = "#SBATCH " + option
        guard let comment else { return line }
        return line + String(repeating: " ", count: max(1, 34 - line.count)) + "# " + comment
    }

    /// `--sbatch`: an option of sbatch as a line of a script has it, its value quoted where need be.
    package static func option(_ text: String) throws -> String {
        let name = text.prefix { !$0.isWhitespace && $0 != "=" }
        guard name.hasPrefix("-"), name.dropFirst(name.hasPrefix("--") ? 2 : 1).first?.isLetter == true,
            name.dropFirst().allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else {
            throw StartError(
                description: "--sbatch=\(ShellWord.quoted(text)): expected an option of sbatch, such as --mem=8G")
        }
        let rest = text.dropFirst(name.count)
        guard let sign = rest.first else { return String(name) }
        guard sign == "=" || sign == " " else { throw unwritable("--sbatch=", text) }
        let value = sign == "=" ? String(rest.dropFirst()) : String(rest.drop(while: \.isWhitespace))
        return try option(String(name) + (sign == "=" ? "=" : " "), value)
    }

    /// - Parameter name: with what stands between it and its value.
    package static func option(_ name: String, _ value: String) throws -> String {
        guard let word = ShellWord.forSbatch(value) else { throw unwritable(name, value) }
        return name + word
    }

    private static func unwritable(_ name: String, _ value: String) -> StartError {
        StartError(
            description: "\(name)\(ShellWord.quoted(value)): a line of a batch script cannot have such characters")
    }
}
