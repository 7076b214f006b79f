/// Processors that this process may run on, of which launchers may leave a rank one; nil where the system does not tell.
public func usableProcessors() -> Int? {
    guard let status = try? WholeFile.text(of: "/proc/self/status") else { return nil }
    // A mask in hexadecimal digits: "Cpus_allowed:   ff,ffffffff".
    return status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }.map { line in
        line.drop { $0 != ":" }.reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
    }
}
