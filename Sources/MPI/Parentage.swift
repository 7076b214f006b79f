import Platform

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
        let ancestors = Ancestor.ofThisProcess
        let step = ancestors.firstIndex { $0.isStepDaemon }
        return Parentage(
            isTask: step == 0, isOfStep: step != nil,
            hasTerminal: Ancestor(process: Int(getpid())).map { $0.terminal != 0 } ?? false)
    }
}

/// A process that this one descends from.
public struct Ancestor: Sendable, Equatable {
    public let process: Int
    let name: String
    let parent: Int
    /// 0: none.
    let terminal: Int

    /// Slurm's daemon of a step, in which launchers and ranks run.
    public var isStepDaemon: Bool { name == "slurmstepd" }

    /// From the parent upwards, as far as the system tells.
    public static var ofThisProcess: [Ancestor] {
        var found: [Ancestor] = []
        var next = Int(getppid())
        while next > 1, found.count < 64, let ancestor = Ancestor(process: next) {
            found.append(ancestor)
            next = ancestor.parent
        }
        return found
    }

    init?(process: Int) {
        guard let file = fopen("/proc/\(process)/stat", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = fread(&bytes, 1, bytes.count, file)
        self.init(process: process, text: String(decoding: bytes[..<count], as: UTF8.self))
    }

    /// - Parameter text: as /proc/PID/stat has it: PID (NAME) STATE PARENT GROUP SESSION TERMINAL …
    init?(process: Int, text: String) {
        // The name may hold spaces and parentheses.
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 4, let parent = Int(fields[1]), let terminal = Int(fields[4]) else { return nil }
        self.process = process
        name = String(text[text.index(after: open)..<close])
        (self.parent, self.terminal) = (parent, terminal)
    }
}
