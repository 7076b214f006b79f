import Platform

/// Where standard output ends up: a terminal of some width, or a file or pipe.
public struct Screen: Sendable, Equatable {
    /// Columns of the terminal; nil when the output is a file or a pipe.
    public var columns: Int?

    public init(columns: Int?) { self.columns = columns }

    public var isTerminal: Bool { columns != nil }

    /// Looks at standard output, and at the launcher's when there is one: mpirun gives its ranks pipes or a
    /// pseudo-terminal of its own (without a size), whatever its own output is.
    public static func detect() -> Screen {
        if Environment["TERM"] == "dumb" { return Screen(columns: nil) }
        var process = getppid()
        var launcher: Int32?
        while let name = processName(process), isLauncher(name) {
            launcher = process
            guard let parent = parent(of: process) else { break }
            process = parent
        }
        guard let launcher else { return Screen(columns: width(of: 1)) }
        let descriptor = open("/proc/\(launcher)/fd/1", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return Screen(columns: nil) }
        defer { close(descriptor) }
        return Screen(columns: width(of: descriptor))
    }

    package static func isLauncher(_ name: String) -> Bool {
        ["mpirun", "mpiexec", "orterun", "prterun", "hydra_pmi_proxy"].contains { name.hasPrefix($0) }
    }

    private static func width(of descriptor: Int32) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static func processName(_ process: Int32) -> String? {
        guard let status = try? WholeFile.text(of: "/proc/\(process)/comm") else { return nil }
        return String(status.prefix { $0 != "\n" })
    }

    private static func parent(of process: Int32) -> Int32? {
        guard let status = try? WholeFile.text(of: "/proc/\(process)/status") else { return nil }
        for line in status.split(separator: "\n") where line.hasPrefix("PPid:") {
            return Int32(line.dropFirst(5).drop { $0 == " " || $0 == "\t" })
        }
        return nil
    }
}
