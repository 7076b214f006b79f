/// `path` from the root, so that it means the same from any folder.
public func absolutePath(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    let base = String(cString: folder)
    let relative = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return base == "/" ? base + relative : base + "/" + relative
}

/// The one absolute path of something that is there, without links and dots.
public func resolvedPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return absolutePath(path) }
    defer { free(resolved) }
    return String(cString: resolved)
}
