import Glibc

/// A folder for the files of one process: in memory where the system has such a file system.
final class FuzzFolder {
    let path: String

    init() {
        let parents = [variable("CRESCENDO_FUZZ_FOLDER"), "/dev/shm", variable("TMPDIR"), "/tmp"].compactMap { $0 }
        let parent = parents.first { access($0, W_OK | X_OK) == 0 } ?? "."
        path = "\(parent)/crescendo-fuzz-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        mkdir(path, 0o700)
    }

    deinit { remove() }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) -> String {
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return file }
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            done += count
        }
        return file
    }

    func holds(_ name: String) -> Bool { access(path + "/" + name, F_OK) == 0 }

    /// Removes the folder and the files in it.
    func remove() {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink(path + "/" + name)
        }
        closedir(folder)
        rmdir(path)
    }
}

/// An environment variable that is set.
func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
