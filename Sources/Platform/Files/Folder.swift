/// Folders by their paths.
public enum Folder {
    /// With the folders that it lies in.
    /// - Throws: `FileWriteError`.
    public static func make(_ path: String) throws {
        var partial = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            partial += part
            if mkdir(partial, 0o777) != 0, errno != EEXIST, errno != EISDIR { throw FileWriteError.system(path) }
            partial += "/"
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw FileWriteError(path: path, reason: "a part of it is a file")
        }
    }

    /// Names of what is in it.
    /// - Throws: `FileReadError`.
    public static func entries(of path: String) throws -> [String] {
        guard let folder = opendir(path) else { throw FileReadError.system(path) }
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

    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
