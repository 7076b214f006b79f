import Telemetry

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A folder that cannot be used for a run, and what to do about it.
struct RunFolderError: Error, CustomStringConvertible {
    var description: String
}

/// The folder of one run: `config.yaml`, `metrics.jsonl`, `result.json`, `model.safetensors`. Used by rank 0.
///
/// `prepare` checks before the data is read that the folder can be written; `open` makes it ready after the data
/// turned out to be good, so a run that fails early leaves nothing behind and an old run in its place.
struct RunFolder {
    let path: String
    let overwrite: Bool
    private(set) var created = false

    var configuration: String { path + "/config.yaml" }
    var metrics: String { path + "/metrics.jsonl" }
    var result: String { path + "/result.json" }
    var model: String { path + "/model.safetensors" }
    var tensorboard: String { path + "/tensorboard" }

    /// - Parameter output: `--output`; nil: a fresh folder in `runs` named after the data file and the time.
    static func prepare(output: String?, data: [String], overwrite: Bool) throws -> RunFolder {
        var path = output ?? freshPath(data)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        var folder = RunFolder(path: path, overwrite: overwrite)
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw RunFolderError(description: "--output \(path) is a file; give a folder")
            }
            let names = try entries(of: path)
            if !names.isEmpty {
                guard overwrite else {
                    throw RunFolderError(
                        description: "--output \(path) is not empty; choose another folder, "
                            + "or --overwrite to keep the old run under another name")
                }
                guard names.contains("config.yaml") || names.contains("metrics.jsonl") else {
                    throw RunFolderError(
                        description: "--output \(path) holds files that no run has written; choose another folder")
                }
                // The old run moves aside, so it is its parent that must be writable.
                try checkWritable(parent(of: path), for: path)
                return folder
            }
        } else {
            try makeFolders(path)
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

    /// Makes the folder empty and ready; returns where an old run was moved to.
    func open() throws -> String? {
        guard try !RunFolder.entries(of: path).isEmpty else { return nil }
        var number = 1
        var status = stat()
        while lstat("\(path).old-\(number)", &status) == 0 { number += 1 }
        let old = "\(path).old-\(number)"
        guard rename(path, old) == 0 else { throw RunFolder.failure("cannot move \(path) to \(old)") }
        try RunFolder.makeFolders(path)
        return old
    }

    /// Removes the folder again if this run created it and wrote nothing.
    func abandon() {
        if created { rmdir(path) }
    }

    /// runs/NAME-20250131-142501, with -2, -3, … when taken.
    private static func freshPath(_ data: [String]) -> String {
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
        var status = stat()
        var path = base
        var number = 2
        while lstat(path, &status) == 0 {
            path = "\(base)-\(number)"
            number += 1
        }
        return path
    }

    private static func makeFolders(_ path: String) throws {
        var partial = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            partial += part
            if mkdir(partial, 0o777) != 0, errno != EEXIST, errno != EISDIR {
                throw failure("cannot create the run folder \(path)")
            }
            partial += "/"
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw RunFolderError(description: "cannot create the run folder \(path): a part of it is a file")
        }
    }

    /// Writes and removes a small file.
    private static func checkWritable(_ folder: String, for path: String) throws {
        let probe = "\(folder)/.crescendo-\(getpid())"
        let descriptor = Glibc.open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot write to the run folder \(path)") }
        close(descriptor)
        unlink(probe)
    }

    private static func entries(of path: String) throws -> [String] {
        guard let folder = opendir(path) else { throw failure("cannot read the folder \(path)") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func failure(_ what: String) -> RunFolderError {
        RunFolderError(description: "\(what): \(String(cString: strerror(errno))) (option --output)")
    }
}
