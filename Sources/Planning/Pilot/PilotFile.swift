import Datasets
import Platform
import Runs

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `pilot.json`: everything that a pilot has measured, and what it concludes. `plan` reads it.
package struct PilotFile: Codable, Equatable, Sendable {
    package static let currentFormat = 1

    package struct Data: Codable, Equatable, Sendable {
        package var files: [String]
        /// Rows that a full run trains on: all but those held back.
        package var rows: Int
        package var features: Int
        package var parameters: Int
        package var model: String
        /// Rows that the pilot trained on.
        package var sampleRows: Int
        /// Rows held back, on which the score is measured.
        package var validationRows: Int
        /// λ.
        package var l2: Double

        package init(
            files: [String], rows: Int, features: Int, parameters: Int, model: String, sampleRows: Int,
            validationRows: Int, l2: Double
        ) {
            self.files = files
            self.rows = rows
            self.features = features
            self.parameters = parameters
            self.model = model
            self.sampleRows = sampleRows
            self.validationRows = validationRows
            self.l2 = l2
        }
    }

    package struct Machine: Codable, Equatable, Sendable {
        package var ranks: Int
        package var threads: Int
        /// Hosts in the order of their first ranks.
        package var hosts: [String]
        /// For each rank, the index of its host.
        package var hostOfRank: [Int]
        package var processor: String

        package init(ranks: Int, threads: Int, hosts: [String], hostOfRank: [Int], processor: String) {
            self.ranks = ranks
            self.threads = threads
            self.hosts = hosts
            self.hostOfRank = hostOfRank
            self.processor = processor
        }

        /// Hosts that the first `count` ranks are on.
        package func nodes(ranks count: Int) -> Int { max(1, Set(hostOfRank.prefix(count)).count) }

        /// The most of the first `count` ranks that share a host.
        package func ranksOnNode(ranks count: Int) -> Int {
            Dictionary(grouping: hostOfRank.prefix(count), by: { $0 }).values.map(\.count).max() ?? 1
        }
    }

    package struct Budget: Codable, Equatable, Sendable {
        /// "seconds" or "passes".
        package var unit: String
        package var amount: Double
        package var spent: Double
        /// Of the whole pilot, and of reading the data on all ranks.
        package var seconds: Double
        package var loadSeconds: Double
        /// A signal ended the pilot before its budget was spent.
        package var wasInterrupted: Bool

        package init(
            unit: String, amount: Double, spent: Double, seconds: Double, loadSeconds: Double, wasInterrupted: Bool
        ) {
            self.unit = unit
            self.amount = amount
            self.spent = spent
            self.seconds = seconds
            self.loadSeconds = loadSeconds
            self.wasInterrupted = wasInterrupted
        }
    }

    package struct Money: Codable, Equatable, Sendable {
        /// Of one node for an hour; nil: not given.
        package var price: Double?
        /// Of one hour of a person's work; nil: not given.
        package var hourlyWage: Double?
        /// Hours of a person's work that tuning one method takes.
        package var tuningHours: Double

        package init(price: Double? = nil, hourlyWage: Double? = nil, tuningHours: Double) {
            self.price = price
            self.hourlyWage = hourlyWage
            self.tuningHours = tuningHours
        }
    }

    package struct Target: Codable, Equatable, Sendable {
        /// Relative distance to `best`.
        package var tolerance: Double
        /// The lowest objective that any run has seen.
        package var best: Double
        /// best + tolerance · |best|.
        package var objective: Double

        package init(tolerance: Double, best: Double, objective: Double) {
            self.tolerance = tolerance
            self.best = best
            self.objective = objective
        }
    }

    /// Runs and seconds that went into a method's settings.
    package struct Tuning: Codable, Equatable, Sendable {
        package var method: PilotMethod
        package var ranks: Int
        package var runs: Int
        package var seconds: Double
        package var chosen: Candidate

        package init(method: PilotMethod, ranks: Int, runs: Int, seconds: Double, chosen: Candidate) {
            self.method = method
            self.ranks = ranks
            self.runs = runs
            self.seconds = seconds
            self.chosen = chosen
        }
    }

    package var format = PilotFile.currentFormat
    /// Of the program.
    package var version: String
    package var started: String
    package var finished: String
    /// The arguments as they were given.
    package var command: [String]
    /// Options of `crescendo train` for the same data and model.
    package var trainOptions: [String]
    package var data: Data
    package var machine: Machine
    package var budget: Budget
    package var money: Money
    package var target: Target
    package var tuning: [Tuning]
    package var runs: [PilotRun]
    package var allreduces: [AllreduceMeasurement]
    package var kernels: [KernelMeasurement]
    /// Derived from the above.
    package var configurations: [ConfigurationSummary] = []
    package var recommendation: Recommendation?

    package func encoded() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    /// - Throws: `PilotFileError`.
    package init(text: String, path: String) throws {
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

    package init(
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
package struct PilotFileError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description.printable }
}

/// One training run of a pilot.
package struct PilotRun: Codable, Equatable, Sendable {
    package var method: PilotMethod
    package var ranks: Int
    package var candidate: Candidate?
    /// Counted from 0 for each method and number of ranks; each repeat meets the rows in another order.
    package var number: Int
    /// Whole run, without the evaluations that only the pilot needs.
    package var seconds: Double
    package var stopReason: String
    /// At the end, over the rows trained on.
    package var objective: Double?
    package var gradientPasses: Double
    /// Seconds and objective of some points on the way, ascending in time.
    package var curve: [CurvePoint]
    /// On the rows held back: mean loss, and how good the model is in words; measured once for each configuration.
    package var validationLoss: Double?
    package var score: String?
    /// Share of rows held back whose class was found, where there are classes.
    package var accuracy: Double?
    /// Seconds until the target; nil: not reached.
    package var secondsToTarget: Double?
    /// What the iterations did, in groups, until the target or the end, and the seconds it took; empty for repeats beyond
    /// the twentieth.
    package var work: [WorkPhase]
    package var workSeconds: Double
}

package struct CurvePoint: Codable, Equatable, Sendable {
    package var seconds: Double
    package var objective: Double
    package var passes: Double
}

/// How long an allreduce took.
package struct AllreduceMeasurement: Codable, Equatable, Sendable {
    package var ranks: Int
    package var nodes: Int
    package var bytes: Int
    /// Median, and the quartiles.
    package var seconds: Double
    package var low: Double
    package var high: Double
    package var rounds: Int
}

/// How long a row took in a gradient, with so many ranks at work on a node.
package struct KernelMeasurement: Codable, Equatable, Sendable {
    package var ranks: Int
    package var ranksOnNode: Int
    package var secondsPerRow: Double
}
