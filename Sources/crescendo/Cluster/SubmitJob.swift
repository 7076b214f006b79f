import Datasets
import Platform
import Telemetry

/// `crescendo submit`: writes a batch script, shows it, and submits it with `--now`.
struct SubmitJob {
    let command: SubmitCommand

    func run() throws -> Int32 {
        guard let script = try script() else { return Request.usageCode }
        let path = script.name + ".sbatch"
        let text = script.text
        if let old = try? ConfigurationFile.text(of: path), old != text, !command.overwrite {
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
            for file in train.data + train.trainingData.test where access(file, R_OK) != 0 {
                complain("warning: \(ShellWord.quoted(file)) cannot be read from here")
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
