import Telemetry

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

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
                complain("warning: \(file) cannot be read from here")
            }
        case .run:
            throw StartError(description: "submit writes scripts for train: crescendo submit train data.svm")
        }
        let name = command.name ?? "train"
        guard !name.contains("/"), !name.contains(where: \.isWhitespace), !name.isEmpty else {
            throw StartError(description: "--name '\(name)': choose a name that can be that of a file and a job")
        }
        return JobScript(
            name: name, nodes: command.nodes ?? 1, ranksPerNode: command.ranksPerNode ?? 1,
            threads: command.threads ?? 1, time: SubmitJob.clock(command.time?.seconds ?? 7200),
            options: (command.partition.map { ["--partition=\($0)"] } ?? [])
                + (command.account.map { ["--account=\($0)"] } ?? []) + command.sbatch,
            modules: command.module, command: command.command)
    }

    /// Seconds as D-HH:MM:SS, whole minutes, rounded up: what all versions of sbatch take.
    static func clock(_ seconds: Double) -> String {
        let minutes = max(1, Int((seconds / 60).rounded(.up)))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let days = minutes / 1440
        return (days > 0 ? "\(days)-" : "") + "\(two(minutes / 60 % 24)):\(two(minutes % 60)):00"
    }
}
