#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whether Slurm's daemon of a step has started this process itself, or a shell that it has started.
///
/// The variables alone do not tell: what srun starts out of the shell of another `srun --pty` inherits that one's.
struct Parentage: Equatable {
    /// The parent is slurmstepd.
    var isTask: Bool
    /// There is a slurmstepd among its forefathers.
    var isOfStep: Bool
    var hasTerminal: Bool

    /// A task of a step without a terminal has no shell in between that a person could type into. In a container nothing
    /// may be seen of the step.
    var allowsShell: Bool { !isTask && (hasTerminal || !isOfStep) }

    static var ofThisProcess: Parentage {
        var result = Parentage(isTask: false, isOfStep: false, hasTerminal: false)
        guard let own = Entry(process: Int(getpid())) else { return result }
        result.hasTerminal = own.terminal != 0
        var entry = own
        for generation in 0..<64 {
            guard entry.parent > 1, let next = Entry(process: entry.parent) else { break }
            if next.name == "slurmstepd" {
                result.isTask = generation == 0
                result.isOfStep = true
                break
            }
            entry = next
        }
        return result
    }

    /// What /proc/PID/stat says: PID (NAME) STATE PARENT GROUP SESSION TERMINAL …
    struct Entry: Equatable {
        var name: String
        var parent: Int
        /// 0: none.
        var terminal: Int

        init?(process: Int) {
            guard let file = fopen("/proc/\(process)/stat", "r") else { return nil }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 512)
            let count = fread(&bytes, 1, bytes.count, file)
            self.init(text: String(decoding: bytes[..<count], as: UTF8.self))
        }

        init?(text: String) {
            // The name may hold spaces and parentheses.
            guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else {
                return nil
            }
            name = String(text[text.index(after: open)..<close])
            let fields = text[text.index(after: close)...].split(separator: " ")
            guard fields.count > 4, let parent = Int(fields[1]), let terminal = Int(fields[4]) else { return nil }
            (self.parent, self.terminal) = (parent, terminal)
        }
    }
}
