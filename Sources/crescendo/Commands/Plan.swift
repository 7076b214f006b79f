import ArgumentParser
import FoundationEssentials
import MPI
import Planning
import Platform
import Telemetry

struct PlanCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Predict time, cost and efficiency at numbers of ranks that were not tried, from a pilot.",
        discussion: """
            Examples:
              crescendo plan pilots/clicks/pilot.json
              crescendo plan pilot.json --ranks 16,64,256,1024 --price 2.5 --html plan.html

            The pilot has measured what a row costs, how the batch grows (which does not depend on the number of ranks), \
            and how long allreduces take. A prediction comes with the interval that holds the time of a run in nine of ten \
            cases; it widens with the distance from what was measured. Where the fit is off by more than 25 % at what was \
            measured, there is no prediction.
            """)

    @Argument(help: ArgumentHelp("pilot.json, or its folder.", valueName: "pilot"), completion: .file())
    var pilot: String

    @Option(
        help: ArgumentHelp("Numbers of ranks, at most 10,000 (default: 1, 2, 4, … 8192).", valueName: "counts"),
        transform: parseCounts)
    var ranks: [Int]?

    @Option(
        help: ArgumentHelp(
            "Ranks on each node (default: as many as in the pilot).", valueName: "count"),
        transform: parseCount(atLeast: 1))
    var ranksPerNode: Int?

    @Option(
        help: ArgumentHelp(
            "The way to train: auto, bb, armijo, fixed, large, sgd (default: what the pilot recommends).",
            valueName: "method"))
    var method: PilotMethod?

    @Option(
        help: ArgumentHelp(
            "Price of one node for one hour, in any currency (default: the pilot's).", valueName: "price"),
        transform: NumberRange.nonNegative.parse)
    var price: Double?

    @Option(
        help: ArgumentHelp(
            "Microseconds of a message between nodes, where the pilot ran on one node only (default: unknown).",
            valueName: "microseconds"),
        transform: NumberRange.positive.parse)
    var latency: Double?

    @Option(
        help: ArgumentHelp(
            "Gigabits a second between nodes, where the pilot ran on one node only (default: unknown).",
            valueName: "gigabits"),
        transform: NumberRange.positive.parse)
    var bandwidth: Double?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: ArgumentHelp("Also write a page with the table and plots.", valueName: "file"))
    var html: String?

    @Flag(help: "Replace --html if it exists.")
    var overwrite = false
}

extension PlanCommand {
    func run(on world: any Communicator) throws -> Int32 { try PlanJob(command: self, world: world).run() }
}

/// `crescendo plan`: predictions from a pilot. Rank 0 does it.
struct PlanJob {
    let command: PlanCommand
    let world: any Communicator

    func run() throws -> Int32 {
        try world.onRoot {
            if let html = command.html, !command.overwrite, FileCheck.exists(html) {
                throw PlanError(description: "--html \(html) exists; choose another name, or --overwrite to replace it")
            }
            let file = try PilotFile.read(command.pilot)
            if let most = command.ranks?.last, most > 10_000 {
                throw PlanError(description: "--ranks \(most): predictions go up to 10,000 ranks")
            }
            let forecast = try Forecast(
                file, method: command.method, ranks: command.ranks, ranksPerNode: command.ranksPerNode,
                price: command.price, latency: command.latency.map { $0 * 1e-6 },
                bytesPerSecond: command.bandwidth.map { $0 * 1e9 / 8 })
            guard !forecast.rows.isEmpty else {
                throw PlanError(description: forecast.missing ?? "nothing can be predicted")
            }
            if let html = command.html { try AtomicFile.write(PlanPage(forecast: forecast, file: file).html, to: html) }
            if command.json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys]
                StandardStream.output.write(String(decoding: try encoder.encode(forecast), as: UTF8.self) + "\n")
            } else {
                StandardStream.output.say(PlanText(forecast: forecast).text + "\n")
            }
        }
        return 0
    }
}

extension PilotFile {
    /// `path` is the file or its folder.
    static func read(_ path: String) throws -> PilotFile {
        let file = FileCheck.isFolder(path) ? path + "/pilot.json" : path
        return try PilotFile(text: try WholeFile.text(of: file, limit: 1 << 30), path: file)
    }
}
