import Cluster
import Kernels
import MPI
import Platform
import Telemetry

/// Where a run runs, for its records.
package struct RunEnvironment: Equatable {
    package struct Host: Equatable {
        package var name: String
        package var ranks = 1
        /// As the kernel calls it.
        package var processor: String
        /// Processors that a rank may run on, and those of the host.
        package var usableProcessors: Int
        package var processors: Int
        /// The kernels in use: baseline, avx2 or avx512.
        package var instructions: String
    }

    package var hosts: [Host]
    package var mpi: String
    package var system: String
    /// Slurm's number of the job.
    package var job: String?

    /// Collective. The same on all ranks.
    package static func gather(_ world: any Communicator) throws -> RunEnvironment {
        let facts = RankFacts.here()
        let own = [
            facts.host, facts.model, "\(facts.processorCount)", "\(facts.hostProcessors)", KernelSet.current.name,
        ]
        var hosts: [Host] = []
        for bytes in try world.allgather(bytes: Array(own.joined(separator: "\t").utf8)) {
            let fields = String(decoding: bytes, as: UTF8.self).split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == own.count else { continue }
            if let known = hosts.firstIndex(where: { $0.name == fields[0] }) {
                hosts[known].ranks += 1
            } else {
                hosts.append(
                    Host(
                        name: String(fields[0]), processor: String(fields[1]), usableProcessors: Int(fields[2]) ?? 0,
                        processors: Int(fields[3]) ?? 0, instructions: String(fields[4])))
            }
        }
        var names = utsname()
        uname(&names)
        return RunEnvironment(
            hosts: hosts, mpi: MPIEnvironment.libraryVersion,
            system: "\(text(&names.sysname)) \(text(&names.release)) \(text(&names.machine))",
            job: SlurmJob.identifier())
    }

    package var json: JSON {
        .object([
            ("mpi", .string(mpi)), ("system", .string(system)), ("slurmJob", job.map { .string($0) } ?? .null),
            (
                "hosts",
                .array(
                    hosts.map { host in
                        .object([
                            ("name", .string(host.name)), ("ranks", .integer(host.ranks)),
                            ("processor", .string(host.processor)), ("processors", .integer(host.processors)),
                            ("usableProcessors", .integer(host.usableProcessors)),
                            ("instructions", .string(host.instructions)),
                        ])
                    })
            ),
        ])
    }

    /// A field of fixed length that ends with a zero.
    private static func text<Field>(_ field: inout Field) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
