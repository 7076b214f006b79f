import Platform

/// The files that are meant by what was given: a folder stands for the files in it, a pattern for those it matches, in the
/// order of their names' bytes; anything else for itself.
public enum DataPaths {
    /// Throws `DatasetError`: a folder without files, a pattern that matches none.
    public static func expanded(_ given: [String]) throws -> [String] { try given.flatMap(expanded) }

    private static func expanded(_ path: String) throws -> [String] {
        if path == "-" { return [path] }
        var status = stat()
        if stat(path, &status) == 0 {
            return status.st_mode & S_IFMT == S_IFDIR ? try files(in: path) : [path]
        }
        guard path.contains(where: { "*?[{".contains($0) }) else { return [path] }
        let found = matches(path).filter(isFile)
        guard !found.isEmpty else { throw DatasetError("\(path): no file matches this pattern") }
        return found
    }

    /// Spark, Hadoop and editors mark what is no data with a dot or an underscore.
    private static func files(in folder: String) throws -> [String] {
        let names: [String]
        do {
            names = try Folder.entries(of: folder)
        } catch {
            throw DatasetError("\(folder): cannot be listed: \(error)")
        }
        let shown = names.filter { !$0.hasPrefix(".") && !$0.hasPrefix("_") }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let base = folder.hasSuffix("/") ? folder : folder + "/"
        let files = shown.map { base + $0 }.filter(isFile)
        guard !files.isEmpty else {
            throw DatasetError(
                shown.isEmpty
                    ? "\(folder): the folder has no files"
                    : "\(folder): the folder has folders and no files: give a pattern in quotes, '\(base)*/*.csv'")
        }
        return files
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }

    private static func matches(_ pattern: String) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(pattern, GLOB_BRACE, nil, &result) == 0 else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { result.gl_pathv[$0].map { String(cString: $0) } }
    }
}
