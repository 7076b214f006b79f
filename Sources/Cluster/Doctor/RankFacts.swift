import Datasets
import MPI
import Platform

/// What one rank knows of itself and its host.
package struct RankFacts: Equatable {
    package var host: String
    package var threads: Int
    /// Processors that the rank may run on, as the kernel lists them: 0-3,8.
    package var processors: String
    package var processorCount: Int
    /// Processors of the host.
    package var hostProcessors: Int
    package var model: String
    package var memory: Int
    /// Seconds since 1970.
    package var clock: Double
    /// GB/s at which dense features are multiplied, and GFLOP/s of a product of matrices, while all ranks do the same.
    package var readRate = 0.0
    package var productRate = 0.0

    package static func here() -> RankFacts {
        RankFacts(
            host: hostName(), threads: ThreadCount.asked,
            processors: line("Cpus_allowed_list:", of: "/proc/self/status") ?? "?",
            processorCount: usableProcessors() ?? 0, hostProcessors: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
            model: line("model name", of: "/proc/cpuinfo") ?? "unknown processor", memory: AvailableMemory().bytes,
            clock: unixSeconds())
    }

    /// What follows `key` and a colon in a file of the kernel's.
    private static func line(_ key: String, of path: String) -> String? {
        guard let text = try? WholeFile.text(of: path) else { return nil }
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(key) }),
            let colon = line.firstIndex(of: ":")
        else { return nil }
        return String(line[line.index(after: colon)...].drop { $0.isWhitespace })
    }

    // MARK: - From rank to rank

    private var fields: [String] {
        [
            host, "\(threads)", processors, "\(processorCount)", "\(hostProcessors)", model, "\(memory)", "\(clock)",
            "\(readRate)", "\(productRate)",
        ]
    }

    private init?(fields: [String]) {
        guard fields.count == 10, let threads = Int(fields[1]), let processorCount = Int(fields[3]),
            let hostProcessors = Int(fields[4]), let memory = Int(fields[6]), let clock = Double(fields[7]),
            let readRate = Double(fields[8]), let productRate = Double(fields[9])
        else { return nil }
        self.init(
            host: fields[0], threads: threads, processors: fields[2], processorCount: processorCount,
            hostProcessors: hostProcessors, model: fields[5], memory: memory, clock: clock, readRate: readRate,
            productRate: productRate)
    }

    package init(
        host: String, threads: Int, processors: String, processorCount: Int, hostProcessors: Int, model: String,
        memory: Int, clock: Double, readRate: Double = 0, productRate: Double = 0
    ) {
        self.host = host
        self.threads = threads
        self.processors = processors
        self.processorCount = processorCount
        self.hostProcessors = hostProcessors
        self.model = model
        self.memory = memory
        self.clock = clock
        self.readRate = readRate
        self.productRate = productRate
    }

    /// All ranks' facts on all ranks. Collective.
    package func shared(_ world: any Communicator) throws -> [RankFacts] {
        try world.allgather(bytes: Array(fields.joined(separator: "\t").utf8)).map { bytes in
            let fields = String(decoding: bytes, as: UTF8.self).split(separator: "\t", omittingEmptySubsequences: false)
            guard let facts = RankFacts(fields: fields.map(String.init)) else {
                throw StartError(description: "the ranks run different versions of this program")
            }
            return facts
        }
    }
}
