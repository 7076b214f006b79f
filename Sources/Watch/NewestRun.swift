import Platform

/// Finds the run that is meant by a folder.
package enum NewestRun {
    /// `path` where it holds a run; of a folder of runs the one that was written to last. A folder that is neither, or
    /// not there, is taken for a run to come.
    package static func find(_ path: String) -> String {
        guard writtenAt(path) == nil, let folder = opendir(path) else { return path }
        defer { closedir(folder) }
        var newest: (path: String, time: Double)?
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix("."), let time = writtenAt(path + "/" + name) else { continue }
            if time > newest?.time ?? -.infinity { newest = (path + "/" + name, time) }
        }
        return newest?.path ?? path
    }

    /// When the files of a run were last written; nil: no run is there.
    private static func writtenAt(_ folder: String) -> Double? {
        ["metrics.jsonl", "status.json", "config.yaml"].compactMap { modificationTime(folder + "/" + $0) }.max()
    }

    /// Unix time in seconds.
    package static func modificationTime(_ path: String) -> Double? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Glibc)
            let time = status.st_mtim
        #else
            let time = status.st_mtimespec
        #endif
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
