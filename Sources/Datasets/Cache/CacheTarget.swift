import Platform

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The cache file of one run, as rank 0 sees it.
struct CacheTarget: Codable, Equatable {
    var path: String
    var sources: [CacheDescription.Source]

    /// On one rank. Nil where a source cannot be looked at.
    init?(_ cache: DataCache, set: FileSet, options: ReadOptions) {
        let paths = set.files.flatMap { file in
            [file.filePath] + [file.labels?.source.path].compactMap { $0 == file.filePath ? nil : $0 }
        }
        var sources: [CacheDescription.Source] = []
        for path in paths {
            guard let source = CacheTarget.source(path) else { return nil }
            sources.append(source)
        }
        self.sources = sources
        var key = sources.map(\.path)
        // Of a file with several arrays: which.
        key += set.files.compactMap { $0.filePath == $0.path ? nil : $0.path }
        let chosen = cache.options
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let reading = try? encoder.encode(options) else { return nil }
        key.append(String(decoding: reading, as: UTF8.self))
        key.append("\(chosen.standardization?.rawValue ?? "auto") \(chosen.wantedStorage?.rawValue ?? "auto")")
        if chosen.isForNetwork { key.append("network") }
        if chosen.labelScaling != .centred { key.append("labels \(chosen.labelScaling.rawValue)") }
        if chosen.validationFraction > 0 { key.append("\(chosen.validationFraction) of \(chosen.seed)") }
        let first = sources[0].path
        let slash = first.lastIndex(of: "/") ?? first.startIndex
        let folder =
            switch cache.place {
            case .besideData: String(first[..<slash])
            case .folder(let folder): folder
            }
        path = folder + "/" + String(first[slash...].dropFirst()) + "-" + CacheTarget.hash(key) + ".cache"
    }

    private static func hash(_ texts: [String]) -> String {
        var state: UInt64 = 0
        for text in texts {
            for byte in text.utf8 { state = mix64(state &+ UInt64(byte) &+ 1) }
            state = mix64(state ^ 0x9E37_79B9_7F4A_7C15)
        }
        return hexadecimal(state)
    }

    private static func source(_ path: String) -> CacheDescription.Source? {
        var status = stat()
        guard stat(path, &status) == 0, let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return CacheDescription.Source(
            path: String(cString: resolved), bytes: Int(status.st_size),
            modified: [Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec)],
            changed: [Int(status.st_ctim.tv_sec), Int(status.st_ctim.tv_nsec)],
            inode: Int(truncatingIfNeeded: status.st_ino))
    }
}
