import Datasets

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `pilot.json`: everything that a pilot has measured, and what it concludes. `plan` reads it.
struct PilotFile: Codable, Equatable, Sendable {
    static let currentFormat = 1

    struct Data: Codable, Equatable, Sendable {
        var files: [String]
        /// Rows that a full run trains on: all but those held back.
        var rows: Int
        var features: Int
        var parameters: Int
        var model: String
        /// Rows that the pilot trained on.
        var sampleRows: Int
        /// Rows held back, on which the score is measured.
        var validationRows: Int
        /// λ.
        var l2: Double
    }

    struct Machine: Codable, Equatable, Sendable {
        var ranks: Int
        var threads: Int
        /// Hosts in the order of their first ranks.
        var hosts: [String]
        /// For each rank, the index of its host.
        var hostOfRank: [Int]
        var processor: String

        /// Hosts that the first `count` ranks are on.
        func nodes(ranks count: Int) -> Int { max(1, Set(hostOfRank.prefix(count)).count) }

        /// The most of the first `count` ranks that share a host.
        func ranksOnNode(ranks count: Int) -> Int {
            Dictionary(grouping: hostOfRank.prefix(count), by: { $0 }).values.map(\.count).max() ?? 1
        }
    }

    struct Budget: Codable, Equatable, Sendable {
        /// "seconds" or "passes".
        var unit: String
        var amount: Double
        var spent: Double
        /// Of the whole pilot, and of reading the data on all ranks.
        var seconds: Double
        var loadSeconds: Double
        /// A signal ended the pilot before its budget was spent.
        var wasInterrupted: Bool
    }

    struct Money: Codable, Equatable, Sendable {
        /// Of one node for an hour; nil: not given.
        var price: Double?
        /// Of one hour of a person's work; nil: not given.
        var hourlyWage: Double?
        /// Hours of a person's work that tuning one method takes.
        var tuningHours: Double
    }

    struct Target: Codable, Equatable, Sendable {
        /// Relative distance to `best`.
        var tolerance: Double
        /// The lowest objective that any run has seen.
        var best: Double
        /// best + tolerance · |best|.
        var objective: Double
    }

    /// Runs and seconds that went into a method's settings.
    struct Tuning: Codable, Equatable, Sendable {
        var method: PilotMethod
        var ranks: Int
        var runs: Int
        var seconds: Double
        var chosen: Candidate
    }

    var format = PilotFile.currentFormat
    /// Of the program.
    var version: String
    var started: String
    var finished: String
    /// The arguments as they were given.
    var command: [String]
    /// Options of `crescendo train` for the same data and model.
    var trainOptions: [String]
    var data: Data
    var machine: Machine
    var budget: Budget
    var money: Money
    var target: Target
    var tuning: [Tuning]
    var runs: [PilotRun]
    var allreduces: [AllreduceMeasurement]
    var kernels: [KernelMeasurement]
    /// Derived from the above.
    var configurations: [ConfigurationSummary] = []
    var recommendation: Recommendation?

    func encoded() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    /// - Throws: `PilotFileError`.
    init(text: String, path: String) throws {
        do {
            self = try JSONDecoder().decode(PilotFile.self, from: FoundationData(text.utf8))
        } catch {
            throw PilotFileError(
                description: "\(path) is not a pilot.json of this program (version \(programVersion)): "
                    + "make one with crescendo pilot")
        }
        if let fault {
            throw PilotFileError(
                description: "\(path) is damaged: \(fault). Copy it again, or make a new one with crescendo pilot")
        }
        guard format == PilotFile.currentFormat else {
            throw PilotFileError(
                description: "\(path) has format \(format), this program reads \(PilotFile.currentFormat): "
                    + "make a new one with crescendo pilot")
        }
    }

    init(
        command: [String], trainOptions: [String], data: Data, machine: Machine, budget: Budget, money: Money,
        target: Target, started: String, finished: String
    ) {
        version = programVersion
        self.started = started
        self.finished = finished
        self.command = command
        self.trainOptions = trainOptions
        self.data = data
        self.machine = machine
        self.budget = budget
        self.money = money
        self.target = target
        tuning = []
        runs = []
        allreduces = []
        kernels = []
    }
}

#if canImport(FoundationEssentials)
    private typealias FoundationData = FoundationEssentials.Data
#else
    private typealias FoundationData = Foundation.Data
#endif

/// A file that holds no pilot.
struct PilotFileError: Error, CustomStringConvertible {
    let description: String

    init(description: String) { self.description = description.printable }
}

/// One training run of a pilot.
struct PilotRun: Codable, Equatable, Sendable {
    var method: PilotMethod
    var ranks: Int
    var candidate: Candidate?
    /// Counted from 0 for each method and number of ranks; each repeat meets the rows in another order.
    var number: Int
    /// Whole run, without the evaluations that only the pilot needs.
    var seconds: Double
    var stopReason: String
    /// At the end, over the rows trained on.
    var objective: Double?
    var gradientPasses: Double
    /// Seconds and objective of some points on the way, ascending in time.
    var curve: [CurvePoint]
    /// On the rows held back: mean loss, and how good the model is in words; measured once for each configuration.
    var validationLoss: Double?
    var score: String?
    /// Share of rows held back whose class was found, where there are classes.
    var accuracy: Double?
    /// Seconds until the target; nil: not reached.
    var secondsToTarget: Double?
    /// What the iterations did, in groups, until the target or the end, and the seconds it took; empty for repeats beyond
    /// the twentieth.
    var work: [WorkPhase]
    var workSeconds: Double
}

struct CurvePoint: Codable, Equatable, Sendable {
    var seconds: Double
    var objective: Double
    var passes: Double
}

/// How long an allreduce took.
struct AllreduceMeasurement: Codable, Equatable, Sendable {
    var ranks: Int
    var nodes: Int
    var bytes: Int
    /// Median, and the quartiles.
    var seconds: Double
    var low: Double
    var high: Double
    var rounds: Int
}

/// How long a row took in a gradient, with so many ranks at work on a node.
struct KernelMeasurement: Codable, Equatable, Sendable {
    var ranks: Int
    var ranksOnNode: Int
    var secondsPerRow: Double
}
