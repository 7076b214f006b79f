import MPI
import Platform

/// How many threads a rank works with: `--threads`, else what Slurm or OpenMP's variable says, else 1.
package struct ThreadCount: Equatable {
    package var count: Int
    /// What was changed about what the environment asks for.
    package var note: String?

    /// An option that this machine cannot follow.
    package struct TooMany: Error, CustomStringConvertible {
        package var description: String
    }

    /// The environment's variables, in the order in which they count.
    package static let variables = ["SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS"]

    /// - Parameters:
    ///   - processors: of this machine; threads beyond four times as many only wait for each other.
    ///   - usable: processors that this process may run on.
    /// - Throws: `TooMany`. An environment that asks for too much is followed as far as there are processors.
    package init(
        option: Int?, environment: (String) -> String?, processors: Int = ThreadCount.processors,
        usable: Int = usableProcessors() ?? ThreadCount.processors
    ) throws {
        let most = ThreadCount.most(processors: processors)
        let limit =
            "more than \(most), the most on the \(processors) processor\(processors == 1 ? "" : "s") of this machine"
        if let option {
            guard option <= most else {
                throw TooMany(
                    description: "--threads \(option) is \(limit): give each rank fewer threads, or start more ranks")
            }
            count = option
            return
        }
        let asked = ThreadCount.asked(environment)
        count = asked?.threads ?? 1
        guard let asked, asked.threads > most else { return }
        count = max(1, min(usable, most))
        note =
            "\(asked.variable)=\(asked.threads) is \(limit): each rank works with \(count) instead; --threads says how many "
            + "it shall be"
    }

    /// The first variable that names a number.
    private static func asked(_ environment: (String) -> String?) -> (variable: String, threads: Int)? {
        for name in variables {
            // OMP_NUM_THREADS may be a list, one number for each level of nesting.
            let first = environment(name)?.prefix { $0 != "," }
            if let threads = first.flatMap({ Int($0) }), threads >= 1 { return (name, threads) }
        }
        return nil
    }

    /// What the environment asks for, whatever it is.
    package static var asked: Int { asked { Environment[$0] }?.threads ?? 1 }

    /// Small machines may have some more, for tests of what a large one does.
    package static func most(processors: Int) -> Int { max(16, 4 * processors) }

    package static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The count for this rank. Collective: an option that is too large for one rank's machine is refused by all.
    package static func settle(_ option: Int?, _ world: any Communicator, note: (String) -> Void = { _ in }) throws
        -> Int
    {
        do {
            let threads = try world.together { try ThreadCount(option: option, environment: { Environment[$0] }) }
            if let text = threads.note { note(text) }
            return threads.count
        } catch let error as RemoteError {
            throw UsageError(description: error.description)
        }
    }
}

/// Options that this machine, or this data, does not allow: known only once the ranks have started.
package struct UsageError: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
}
