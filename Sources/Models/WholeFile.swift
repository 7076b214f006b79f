import Datasets
import Platform

/// Reads and writes whole files; a write is all or nothing.
public enum WholeFile {
    public static func read(_ path: String) throws -> [UInt8] {
        // Without O_NONBLOCK a named pipe that nobody writes to would be waited for.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { throw failure("cannot read", path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("cannot read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ModelError("cannot read \(path): it is not a file") }
        // Memory for a file that says it is larger than any would be refused without a word.
        guard status.st_size <= AvailableMemory().bytes else {
            throw ModelError("cannot read \(path): it has \(status.st_size) bytes, more than there is memory for")
        }
        var done = 0
        var problem: ModelError?
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
            while done < buffer.count {
                guard let base = buffer.baseAddress else { break }
                #if canImport(Darwin)
                    let part = Darwin.read(file, base + done, buffer.count - done)
                #elseif canImport(Musl)
                    let part = Musl.read(file, base + done, buffer.count - done)
                #else
                    let part = Platform.read(file, base + done, buffer.count - done)
                #endif
                if part < 0 && errno == EINTR { continue }
                if part < 0 { problem = failure("cannot read", path) }
                if part <= 0 { break }
                done += part
            }
            count = done
        }
        if let problem { throw problem }
        return bytes
    }

    /// Writes to a temporary name beside `path`, syncs, and renames: a reader sees the old file or the new one.
    static func write(_ bytes: [UInt8], to path: String, beforeRename: () throws -> Void = {}) throws {
        guard let made = TemporaryFile(beside: path, permissions: 0o644) else { throw failure("cannot write", path) }
        let (temporary, file) = (made.path, made.descriptor)
        var done = 0
        while done < bytes.count {
            let part = bytes.withUnsafeBytes { raw in
                raw.baseAddress.map { posixWrite(file, $0 + done, bytes.count - done) } ?? 0
            }
            if part < 0 && errno == EINTR { continue }
            guard part > 0 else { throw abandon(file, temporary, path) }
            done += part
        }
        guard fsync(file) == 0 else { throw abandon(file, temporary, path) }
        do {
            try beforeRename()
        } catch {
            close(file)
            unlink(temporary)
            throw error
        }
        guard close(file) == 0, rename(temporary, path) == 0 else {
            let error = failure("cannot write", path)
            unlink(temporary)
            throw error
        }
        let slash = path.lastIndex(of: "/")
        let folder = open(slash.map { String(path[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            // Some file systems cannot sync a folder; the file itself is safe.
            _ = fsync(folder)
            close(folder)
        }
    }

    private static func posixWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Darwin)
            Darwin.write(file, bytes, count)
        #elseif canImport(Musl)
            Musl.write(file, bytes, count)
        #else
            Platform.write(file, bytes, count)
        #endif
    }

    private static func abandon(_ file: Int32, _ temporary: String, _ path: String) -> ModelError {
        let error = failure("cannot write", path)
        close(file)
        unlink(temporary)
        return error
    }

    private static func failure(_ what: String, _ path: String) -> ModelError {
        ModelError("\(what) \(path): \(String(cString: strerror(errno)))")
    }
}
