import Foundation
import MPI

/// A finished run of the program.
package struct Outcome {
    /// 128 + signal for a process that a signal ended.
    package let code: Int32
    package let output: String
    package let errors: String
    package let seconds: Double
    /// The time limit of the test ended it.
    package var hasTimedOut: Bool { code == 124 }
}

/// The program that the build puts beside the test bundle, in a folder of its own.
package final class Workplace {
    package let folder: String

    package init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/crescendo-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    package static let program: String = {
        let bundle =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("crescendo").path
    }()

    /// The launcher of the MPI this program is built against: Debian has both, told apart by their endings.
    package static let launcher: String = {
        let isOpenMPI = MPIEnvironment.libraryVersion.contains("Open MPI")
        let names = isOpenMPI ? ["mpirun.openmpi", "mpirun"] : ["mpiexec.mpich", "mpiexec.hydra", "mpiexec"]
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        let paths = names.flatMap { name in folders.map { "\($0)/\(name)" } }
        return paths.first { FileManager.default.isExecutableFile(atPath: $0) } ?? names[0]
    }()

    package func path(_ name: String) -> String { folder + "/" + name }
    package func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
    package func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
    }
    package func read(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    package func json(_ name: String) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path(name)))) as? [String: Any]
            ?? [:]
    }

    /// The command that runs the program on `ranks` ranks; 0: without a launcher.
    package static func command(ranks: Int, _ arguments: [String]) -> [String] {
        (ranks == 0 ? [] : [launcher, "-n", "\(ranks)"]) + [program] + arguments
    }

    /// Runs the program on `ranks` ranks (0: without a launcher) for at most `limit` seconds.
    package func run(ranks: Int = 0, _ arguments: [String], input: String? = nil, limit: Int = 60) throws -> Outcome {
        try start(Workplace.command(ranks: ranks, arguments), input: input, limit: limit).wait()
    }

    /// Starts `command` under a time limit after which it and its children are killed.
    package func start(
        _ command: [String], input: String? = nil, limit: Int = 60, environment: [String: String] = [:]
    ) throws -> RunningProgram {
        try RunningProgram(
            ["timeout", "-k", "5", "\(limit)"] + command, input: input.map(path), folder: folder,
            environment: Workplace.environment.merging(environment) { $1 })
    }

    /// Without what a surrounding launcher or scheduler set.
    private static let environment: [String: String] = {
        let ours = ProcessInfo.processInfo.environment.filter { name, _ in
            !["OMPI_", "PMIX_", "PMI_", "SLURM_", "OMP_", "MPIR_"].contains { name.hasPrefix($0) }
        }
        return ours.merging([
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
        ]) { $1 }
    }()
}

/// A command that is running.
package final class RunningProgram {
    private let process = Process()
    private let start = ContinuousClock.now
    private let files: [URL]

    package init(_ command: [String], input: String?, folder: String, environment: [String: String]) throws {
        let base = URL(fileURLWithPath: FileManager.default.temporaryDirectory.path)
        files = ["out", "err"].map { base.appendingPathComponent("crescendo-\(UUID().uuidString).\($0)") }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        for file in files { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        process.standardInput =
            try input.map { try FileHandle(forReadingFrom: URL(fileURLWithPath: $0)) } ?? FileHandle.nullDevice
        try RunningProgram.withSignalsOpen { try process.run() }
    }

    /// The threads that run tests block signals, and a process starts with the mask of the thread that starts it.
    private static func withSignalsOpen(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var previous = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        try body()
    }

    deinit { for file in files { try? FileManager.default.removeItem(at: file) } }

    package func wait() throws -> Outcome {
        process.waitUntilExit()
        let elapsed = ContinuousClock.now - start
        let text = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        return Outcome(
            code: process.terminationReason == .uncaughtSignal
                ? 128 + process.terminationStatus : process.terminationStatus,
            output: text[0], errors: text[1],
            seconds: Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18)
    }

    /// Sends a signal to the launcher, or to the program where there is none.
    package func signal(_ signal: Int32) {
        for child in Self.children(of: process.processIdentifier) { kill(child, signal) }
    }

    /// The processes of the program that this command started.
    package var ranks: [Int32] {
        var found: [Int32] = []
        var open = [process.processIdentifier]
        while let parent = open.popLast() {
            for child in Self.children(of: parent) {
                if Self.name(of: child) == "crescendo" { found.append(child) } else { open.append(child) }
            }
        }
        return found
    }

    private static func children(of parent: Int32) -> [Int32] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        return all.filter { process in
            let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
            return status.contains("\nPPid:\t\(parent)\n")
        }
    }

    private static func name(of process: Int32) -> String? {
        (try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8))?.trimmingCharacters(in: .newlines)
    }
}
