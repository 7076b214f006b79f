import Platform
import Telemetry

/// The folder of one run. Used by rank 0.
///
/// `prepare` checks before the data is read that the folder can be written, and what is in it; `open` makes it ready after
/// the data turned out to be good, so a run that fails early leaves nothing behind and an old run in its place.
package struct RunFolder {
    package let path: String
    package let overwrite: Bool
    package private(set) var found = FoundRun.none
    package private(set) var created = false
    /// Length of the file of starts when `found` was found.
    package private(set) var lengthOfAttempts = 0
    private var newestCheckpoint: CheckpointFolder.Name?

    package init(path: String, overwrite: Bool) {
        self.path = path
        self.overwrite = overwrite
    }

    package var configuration: String { path + "/config.yaml" }
    package var metrics: String { path + "/metrics.jsonl" }
    package var events: String { path + "/events.jsonl" }
    package var status: String { path + "/status.json" }
    package var result: String { path + "/result.json" }
    package var model: String { path + "/model.safetensors" }
    package var penalty: String { path + "/penalty.json" }
    /// Models of a choice of λ that is not complete.
    package var choice: String { path + "/choice" }
    package var tensorboard: String { path + "/tensorboard" }
    package var checkpoints: String { path + "/checkpoints" }
    package var attempts: String { checkpoints + "/" + CheckpointFolder.attemptsName }

    /// The same at another place.
    package func at(_ path: String) -> RunFolder { RunFolder(path: path, overwrite: overwrite) }

    /// - Parameters:
    ///   - output: `--output`; nil: a fresh folder in `runs` named after the data file and the time.
    ///   - resume: a run that is found may be gone on with.
    package static func prepare(output: String?, data: [String], overwrite: Bool, resume: Bool) throws -> RunFolder {
        guard var path = output else {
            var folder = RunFolder(path: try makeFreshFolder(data), overwrite: overwrite)
            folder.created = true
            return folder
        }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        var folder = RunFolder(path: path, overwrite: overwrite)
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw RunFolderError(description: "--output \(path) is a file; give a folder")
            }
            if try Folder.entries(of: path).contains(where: { !$0.hasPrefix(probePrefix) }) {
                folder.lengthOfAttempts = folder.presentLengthOfAttempts
                folder.newestCheckpoint = overwrite ? nil : folder.presentCheckpoint
                folder.found = try folder.look(resume: resume)
                // An old run that moves aside needs a parent that is writable.
                try checkWritable(overwrite ? Folder.parent(of: path) : path, for: path)
                return folder
            }
        } else {
            try create(path)
            folder.created = true
        }
        do {
            try checkWritable(path, for: path)
        } catch {
            folder.abandon()
            throw error
        }
        return folder
    }

    /// What a folder that is not empty holds.
    private func look(resume: Bool) throws -> FoundRun {
        let names = try Folder.entries(of: path)
        guard ["config.yaml", "metrics.jsonl", "status.json", "checkpoints"].contains(where: names.contains) else {
            throw RunFolderError(
                description: "--output \(path) holds files that no run has written; choose another folder")
        }
        if overwrite { return .old }
        let stored = StoredStatus(folder: path)
        guard resume, names.contains("checkpoints") else {
            throw RunFolderError(
                description: "--output \(path) is not empty; choose another folder, "
                    + "or --overwrite to keep the old run under another name")
        }
        let newest = CheckpointFolder(path: checkpoints).newest()
        if let (name, checkpoint) = newest.found {
            return .checkpoint(
                FoundRun.Point(name: name, checkpoint: checkpoint, status: stored, damaged: newest.damaged))
        }
        if newest.damaged.isEmpty, stored?.state != "finished" { return .begun }
        let problems = newest.damaged.map { "\($0.name.document): \($0.reason)" }
        throw RunFolderError(
            description: "the run in \(path) cannot go on, because no checkpoint of it can be read"
                + (problems.isEmpty ? "" : " (" + problems.joined(separator: "; ") + ")")
                + "; --overwrite starts anew and keeps it under another name")
    }

    /// Makes room for a run that starts from the beginning; returns where an old one was moved to.
    /// - Throws: where that one is still at work.
    package func open() throws -> String? {
        let isChanged = presentLengthOfAttempts != lengthOfAttempts
        guard overwrite else {
            guard isChanged else { return nil }
            // Data takes a while to read, and another start was quicker.
            try RunAttempt.awaitEnd(in: self)
            throw begunMeanwhile
        }
        let isOld = if case .old = found { true } else { false }
        guard isOld || isChanged, try !Folder.entries(of: path).isEmpty else { return nil }
        try RunAttempt.awaitEnd(in: self)
        var number = 1
        var status = stat()
        while lstat("\(path).old-\(number)", &status) == 0 { number += 1 }
        let old = "\(path).old-\(number)"
        guard rename(path, old) == 0 else { throw RunFolderError.system("cannot move \(path) to \(old)") }
        try Self.create(path)
        return old
    }

    package var begunMeanwhile: RunFolderError {
        RunFolderError(
            description:
                "another start has begun a run in \(path) meanwhile: choose another --output, or give the command again"
        )
    }

    /// The run that was found has come further since, or ended.
    package var hasGoneOn: Bool { presentCheckpoint != newestCheckpoint }

    private var presentCheckpoint: CheckpointFolder.Name? { CheckpointFolder(path: checkpoints).names.first }

    package var presentLengthOfAttempts: Int {
        var status = stat()
        return stat(attempts, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Removes what killed writers have left. For a start that owns the folder.
    package func clean() {
        for name in (try? Folder.entries(of: path)) ?? []
        where name.contains(".tmp-") || name.hasPrefix(RunFolder.probePrefix) {
            unlink(path + "/" + name)
        }
    }

    /// Removes the folder again if this run created it and wrote nothing.
    package func abandon() {
        if created { rmdir(path) }
    }

    /// runs/NAME-20250131-142501, with -2, -3, … when taken, by another start in the same second too.
    private static func makeFreshFolder(_ data: [String]) throws -> String {
        var now = time(nil)
        var local = tm()
        localtime_r(&now, &local)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let stamp =
            "\(local.tm_year + 1900)\(two(local.tm_mon + 1))\(two(local.tm_mday))"
            + "-\(two(local.tm_hour))\(two(local.tm_min))\(two(local.tm_sec))"
        let file = data.first?.split(separator: "/").last ?? "data"
        let name = file.prefix { $0 != "." }
        let base = "runs/\(name.isEmpty ? "data" : name)-\(stamp)"
        try Folder.make("runs")
        var path = base
        var number = 2
        // Only one start can make it.
        while mkdir(path, 0o777) != 0 {
            guard errno == EEXIST else { throw RunFolderError.system("cannot create the run folder \(path)") }
            path = "\(base)-\(number)"
            number += 1
        }
        return path
    }

    private static func create(_ path: String) throws {
        do {
            try Folder.make(path)
        } catch let error as FileWriteError {
            throw RunFolderError(description: "cannot create the run folder \(path): \(error.reason) (option --output)")
        }
    }

    private static let probePrefix = ".crescendo-"

    /// Writes and removes a small file.
    private static func checkWritable(_ folder: String, for path: String) throws {
        let probe = "\(folder)/\(probePrefix)\(getpid())"
        let descriptor = Platform.open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw RunFolderError.system("cannot write to the run folder \(path)") }
        close(descriptor)
        unlink(probe)
    }
}
