import MPI
import Platform

/// Small programs that the must-fail tests start under a launcher: `mpirun -n 2 mpi-scenarios stalled-peer`.
@main
struct Scenarios {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let timeout = arguments.dropFirst().first.flatMap { Double($0) } ?? 2
        do {
            let environment = try MPIEnvironment.start(stallTimeout: timeout)
            try run(arguments.first ?? "sum", Array(arguments), environment)
            try environment.finalize()
        } catch let mismatch as LauncherMismatch {
            if mismatch.launcher.rank ?? 0 == 0 { complain("\(mismatch)") }
            exit(3)
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    static func run(_ name: String, _ arguments: [String], _ environment: MPIEnvironment) throws {
        let world = environment.world
        let isLast = world.rank == world.size - 1
        switch name {
        case "sum":
            let sum = try world.allreduce(world.rank + 1, .sum)
            guard sum == world.size * (world.size + 1) / 2 else { world.abort("sum is \(sum)", code: 4) }
            if world.rank == 0 {
                print("\(world.size) ranks, \(environment.threadLevel), \(MPIEnvironment.libraryVersion)")
            }
        case "stalled-peer":
            _ = try world.allreduce(1, .sum)
            if isLast { sleep(600) }
            _ = try world.allreduce(1.0, .sum)
        case "stopped-peer":
            _ = try world.allreduce(1, .sum)
            if isLast { raise(SIGSTOP) }
            try world.barrier()
        case "reported-stop", "reported-work":
            let folder = arguments.dropFirst(2).first ?? "stall"
            try world.reportStalls(in: folder) { complain("report: \($0)") }
            if isLast, name == "reported-stop" { raise(SIGSTOP) }
            if isLast { sleep(4) }
            _ = try world.allreduce(1.0, .sum)
        case "stalled-request":
            if isLast { sleep(600) }
            let request = try world.startBarrier()
            while try !request.test() { sched_yield() }
        case "missing-call":
            // The classic deadlock of this field: one rank makes fewer calls and goes to the end.
            if !isLast { _ = try world.allreduce(1, .sum) }
        case "killed-rank":
            _ = try world.allreduce(1, .sum)
            if isLast { raise(SIGKILL) }
            _ = try world.allreduce(1, .sum)
        case "abort":
            if isLast { world.abort("the last rank gives up", code: 7) }
            try world.barrier()
        case "one-fails":
            do {
                try world.throwTogether(isLast ? Failure(description: "data.svm, line 12: bad number") : nil)
            } catch {
                if world.rank == 0 { complain("\(error)") }
                try environment.finalize()
                exit(2)
            }
        default:
            throw Failure(description: "no scenario \(name)")
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func complain(_ message: String) {
        let line = Array("\(message)\n".utf8)
        write(STDERR_FILENO, line, line.count)
    }
}
