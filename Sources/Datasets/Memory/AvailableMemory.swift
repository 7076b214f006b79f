import Platform

/// How much memory this node can still give to the ranks on it.
public struct AvailableMemory: Sendable, Equatable {
    public var bytes: Int

    /// The smallest of the kernel's MemAvailable and what each enclosing control group (v1 or v2; batch systems limit
    /// jobs by them) leaves: limit − usage + reclaimable file cache.
    ///
    /// - Parameter root: in place of "/", for tests.
    public init(root: String = "") {
        var smallest = Int.max
        if let text = readText("\(root)/proc/meminfo"), let kilobytes = number("MemAvailable:", in: text) {
            smallest = kilobytes * 1024
        }
        for line in (readText("\(root)/proc/self/cgroup") ?? "").split(separator: "\n") {
            // hierarchy:controllers:path
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1].isEmpty {
                let files = GroupFiles(limit: "memory.max", usage: "memory.current", cache: "inactive_file ")
                smallest = min(smallest, files.room(root + "/sys/fs/cgroup", fields[2]))
            } else if fields[1].split(separator: ",").contains("memory") {
                let files = GroupFiles(
                    limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", cache: "total_inactive_file ")
                smallest = min(smallest, files.room(root + "/sys/fs/cgroup/memory", fields[2]))
            }
        }
        bytes = smallest
    }

    /// How much address space this process can still take: its limit (`ulimit -v`) less what it has; Int.max without one.
    public static var addressSpace: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < 1 << 60 else {
            return Int.max
        }
        let pages = readText("/proc/self/statm").flatMap { Int($0.trimmed) } ?? 0
        return max(0, Int(limit.rlim_cur) - pages * sysconf(Int32(_SC_PAGESIZE)))
    }
}

/// The names of a control group's files in one version of them.
private struct GroupFiles {
    let limit: String
    let usage: String
    let cache: String

    /// The room in the group at `path` and in all that enclose it. Inside a container the path may not be visible; the
    /// mount itself is looked at in any case.
    func room(_ mount: String, _ path: Substring) -> Int {
        var smallest = Int.max
        var parts = path.split(separator: "/")
        while true {
            let folder = ([mount] + parts.map(String.init)).joined(separator: "/")
            // An unlimited group says "max", or a number beyond any memory.
            if let text = readText("\(folder)/\(limit)"), let most = Int(text.trimmed), most < 1 << 60,
                let used = readText("\(folder)/\(usage)").flatMap({ Int($0.trimmed) })
            {
                let reclaimable = readText("\(folder)/memory.stat").flatMap { number(cache, in: $0) } ?? 0
                smallest = min(smallest, max(0, most - used + reclaimable))
            }
            if parts.popLast() == nil { return smallest }
        }
    }
}

/// The number after `key` at the start of a line.
private func number(_ key: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix(key) {
        return Int(line.dropFirst(key.count).drop { $0 == " " }.prefix { $0.isNumber })
    }
    return nil
}

/// A small file of the kernel's; nil when it cannot be read.
func readText(_ path: String) -> String? {
    guard let file = try? InputFile(path: path) else { return nil }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    guard let count = try? buffer.withUnsafeMutableBytes({ try file.readNext(into: $0) }) else { return nil }
    return String(decoding: buffer[..<count], as: UTF8.self)
}

extension String {
    fileprivate var trimmed: Substring { drop { $0.isWhitespace }.prefix { !$0.isWhitespace } }
}
