import Platform

/// Processors that this process may run on, of which launchers may leave a rank one; nil where the system does not tell.
func usableProcessors() -> Int? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var bytes: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(bytes) }
    while getline(&bytes, &capacity, file) > 0, let bytes {
        let line = String(cString: bytes)
        // A mask in hexadecimal digits: "Cpus_allowed:   ff,ffffffff".
        guard line.hasPrefix("Cpus_allowed:") else { continue }
        let mask = line.drop { $0 != ":" }
        return mask.reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
    }
    return nil
}
