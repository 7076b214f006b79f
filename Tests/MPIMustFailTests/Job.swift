import Foundation
import MPI

/// A finished process and what it printed.
struct Job {
    let status: Int32
    /// Standard output and error together.
    let output: String
    /// The limit of `timeout` ended it.
    var hasTimedOut: Bool { status == 124 || status == 137 && output.isEmpty }

    static let isOpenMPI = MPIEnvironment.libraryVersion.contains("Open MPI")

    /// `mpi-scenarios`, which the build puts beside the test bundle.
    static var scenarios: String {
        let bundle =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("mpi-scenarios").path
    }

    /// The launcher of the MPI this program is built against: Debian has both, told apart by their endings.
    static var launcher: String {
        let names = isOpenMPI ? ["mpirun.openmpi", "mpirun"] : ["mpiexec.mpich", "mpiexec.hydra", "mpiexec"]
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        let paths = names.flatMap { name in folders.map { "\($0)/\(name)" } }
        return paths.first { FileManager.default.isExecutableFile(atPath: $0) } ?? names[0]
    }

    static func run(_ ranks: Int, _ arguments: String...) throws -> Job {
        try run([launcher, "-n", "\(ranks)", scenarios] + arguments)
    }

    /// Runs `command` for at most 30 seconds.
    static func run(_ command: [String], environment: [String: String] = [:]) throws -> Job {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "-k", "5", "30"] + command
        let allowed = [
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
        ]
        process.environment = ProcessInfo.processInfo.environment
            .merging(allowed) { $1 }.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Job(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }
}
