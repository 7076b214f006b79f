/// Files that are not whole yet. Each lies beside the place it will take, under a name that nobody can foresee, and is made
/// only where nothing is, link or file; its writer holds a lock on it, so that one left by a killed writer can be told.
public struct TemporaryFile {
    public let path: String
    public let descriptor: Int32

    /// - Returns: nil, with `errno`, where no file can be made.
    public init?(beside place: String, permissions: mode_t = 0o666) {
        var made: Int32 = -1
        var name = ""
        repeat {
            name = "\(place)\(Self.mark)\(hostName())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
            made = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, permissions)
        } while made < 0 && errno == EEXIST
        guard made >= 0 else { return nil }
        // Without locks on a file system nothing is told dead there, but by its age.
        _ = flock(made, LOCK_EX | LOCK_NB)
        path = name
        descriptor = made
    }

    private static let mark = ".tmp-"
    /// Seconds after which a file of another host, whose locks may not be seen here, counts as left.
    private static let longestPause = 3600

    /// Removes what killed writers to `place` have left.
    public static func removeLeft(beside place: String) {
        let slash = place.lastIndex(of: "/")
        let folder = slash.map { String(place[...$0]) } ?? "./"
        let base = String(slash.map { place[place.index(after: $0)...] } ?? place[...]) + mark
        let own = base + hostName() + "-"
        for name in (try? Folder.entries(of: folder)) ?? [] {
            guard name.hasPrefix(base) else { continue }
            let path = folder + name
            let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let isOld = time(nil) - status.st_mtim.tv_sec > longestPause
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, name.hasPrefix(own) || isOld { unlink(path) }
        }
    }
}
