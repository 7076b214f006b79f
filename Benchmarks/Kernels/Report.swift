import Platform

func rounded(_ value: Double, _ digits: Int = 2) -> String {
    let scale = pow(10, Double(digits))
    return String((value * scale).rounded() / scale)
}

func complain(_ text: String) -> Never {
    let line = text + "\n"
    _ = write(2, line, line.utf8.count)
    exit(2)
}

/// Figures by name, printed as they come and written as one JSON object.
struct Report {
    private var figures: [(name: String, value: Double)] = []

    mutating func add(_ name: String, _ value: Double) { figures.append((name, value)) }

    func write(to path: String) {
        // Only rank 0 has figures of reductions.
        if figures.isEmpty { return }
        guard let file = fopen(path, "w") else {
            complain("kernel-benchmark: cannot write \(path): \(String(cString: strerror(errno)))")
        }
        let lines = figures.filter(\.value.isFinite).map { "  \"\($0.name)\": \(rounded($0.value, 4))" }
        fputs("{\n" + lines.joined(separator: ",\n") + "\n}\n", file)
        if fclose(file) != 0 { complain("kernel-benchmark: cannot write \(path): \(String(cString: strerror(errno)))") }
    }
}
