import Platform
import Telemetry

/// Something that a run would suffer from, and what to do about it.
package struct Finding: Equatable {
    /// A run would fail or hang, and is not only slow.
    package var isError: Bool
    package var problem: String
    package var remedy: String
}

/// The judgement on what the probes found: a pure function of their numbers.
package struct Diagnosis {
    package var ranks: [RankFacts]
    package var allreduce: [AllreduceProbe.Time]
    package var folder: SharedFolderProbe
    /// Settings of `LaunchPlan` that are not as they should be.
    package var missingSettings: String?
    /// Started by Slurm or by a launcher inside its job.
    package var isInSlurmJob: Bool

    package init(
        ranks: [RankFacts], allreduce: [AllreduceProbe.Time], folder: SharedFolderProbe, missingSettings: String? = nil,
        isInSlurmJob: Bool
    ) {
        self.ranks = ranks
        self.allreduce = allreduce
        self.folder = folder
        self.missingSettings = missingSettings
        self.isInSlurmJob = isInSlurmJob
    }

    /// Hosts in the order of their first ranks.
    package var hosts: [(name: String, ranks: [Int])] {
        var order: [String] = []
        var members: [String: [Int]] = [:]
        for (rank, facts) in ranks.enumerated() {
            if members[facts.host] == nil { order.append(facts.host) }
            members[facts.host, default: []].append(rank)
        }
        return order.map { ($0, members[$0] ?? []) }
    }

    /// Ranks that reach less than three quarters of the median rate, with their share of it.
    package var slow: [(rank: Int, share: Double)] {
        let shares = zip(Diagnosis.shares(ranks.map(\.readRate)), Diagnosis.shares(ranks.map(\.productRate)))
        return shares.map { min($0, $1) }.enumerated().filter { $0.element < 0.75 }.map { ($0.offset, $0.element) }
    }

    package static func shares(_ rates: [Double]) -> [Double] {
        let median = rates.sorted()[rates.count / 2]
        return rates.map { median > 0 ? $0 / median : 1 }
    }

    /// 0, 1, 2, 5 = "0-2, 5".
    package static func list(_ numbers: [Int]) -> String {
        var parts: [(first: Int, last: Int)] = []
        for number in numbers.sorted() {
            if let last = parts.last, last.last + 1 == number {
                parts[parts.count - 1].last = number
            } else {
                parts.append((number, number))
            }
        }
        return parts.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ", ")
    }

    package var findings: [Finding] { places + folders + speeds + network + settings }

    private var places: [Finding] {
        var found: [Finding] = []
        if ranks.count == 1, isInSlurmJob {
            found.append(
                Finding(
                    isError: false, problem: "one rank inside a Slurm job",
                    remedy: "start with crescendo launch doctor, srun --mpi=pmix or mpirun to check more"))
        }
        for host in hosts {
            let facts = host.ranks.map { ranks[$0] }
            let threads = facts.reduce(0) { $0 + $1.threads }
            let single = facts.count > 1 && Set(facts.map(\.processors)).count == 1 && facts[0].processorCount == 1
            if single {
                found.append(
                    Finding(
                        isError: true,
                        problem: "\(host.name): all \(facts.count) ranks share processor \(facts[0].processors)",
                        remedy: "srun --cpu-bind=cores, or mpirun --bind-to none"))
            } else if let most = facts.map(\.hostProcessors).max(), threads > most {
                let isYielding = Environment["OMPI_MCA_mpi_yield_when_idle"] == "1"
                found.append(
                    Finding(
                        isError: false,
                        problem: "\(host.name): \(threads) threads of \(facts.count) ranks for \(most) processors",
                        remedy: "fewer ranks or threads"
                            + (isYielding ? "" : "; until then, export OMPI_MCA_mpi_yield_when_idle=1")))
            } else if let bound = facts.first(where: { $0.processorCount > 0 && $0.threads > $0.processorCount }) {
                found.append(
                    Finding(
                        isError: false,
                        problem:
                            "\(host.name): ranks of \(bound.threads) threads may use \(bound.processorCount) processors",
                        remedy: "sbatch --cpus-per-task=\(bound.threads), or mpirun --map-by slot:PE=\(bound.threads)"))
            }
        }
        let clocks = ranks.map(\.clock)
        if let first = clocks.min(), let last = clocks.max(), last - first > 5 {
            found.append(
                Finding(
                    isError: false, problem: "the hosts' clocks are \(NumberFormat.duration(last - first)) apart",
                    remedy: "have them set by NTP: times in logs and file dates do not fit together"))
        }
        return found
    }

    private var folders: [Finding] {
        if let problem = folder.problem {
            return [
                Finding(
                    isError: true, problem: problem,
                    remedy: "start in a folder that you may write to, or name one: --folder")
            ]
        }
        guard !folder.blind.isEmpty else { return [] }
        let names = Set(folder.blind.map { ranks[$0].host }).sorted().joined(separator: ", ")
        return [
            Finding(
                isError: true, problem: "\(folder.folder) on \(names) is not the one of rank 0",
                remedy: "start in a folder on the file system that all hosts share, or name it: --folder")
        ]
    }

    private var speeds: [Finding] {
        slow.map { rank, share in
            Finding(
                isError: false,
                problem: "rank \(rank) on \(ranks[rank].host) has \(NumberFormat.percent(share)) of the median speed",
                remedy: "all ranks wait for it: look for other programs on the host, or leave it out (sbatch --exclude)"
            )
        }
    }

    private var network: [Finding] {
        guard let small = allreduce.first, small.seconds > 1e-3 else { return [] }
        return [
            Finding(
                isError: false,
                problem: "an allreduce of \(small.bytes) bytes takes \(NumberFormat.duration(small.seconds))",
                remedy: "mostly more ranks than processors, or ranks bound to the same one; else a slow network")
        ]
    }

    private var settings: [Finding] {
        guard let missingSettings, hosts.count > 1 else { return [] }
        return [
            Finding(
                isError: false, problem: missingSettings,
                remedy: "start with crescendo launch, which sees to it, or export it")
        ]
    }
}
