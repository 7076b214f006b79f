#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `path` from the root, so that it means the same from any folder.
func absolutePath(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    let base = String(cString: folder)
    let relative = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return base == "/" ? base + relative : base + "/" + relative
}

/// The value of an environment variable; nil when it is not set.
func environmentVariable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// `--threads`, else what Slurm or OpenMP's variable says, else 1.
func threadCount(_ option: Int?) -> Int {
    if let option { return option }
    for name in ["SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS"] {
        // OMP_NUM_THREADS may be a list, one number for each level of nesting.
        let first = environmentVariable(name)?.prefix { $0 != "," }
        if let count = first.flatMap({ Int($0) }), count >= 1 { return count }
    }
    return 1
}
