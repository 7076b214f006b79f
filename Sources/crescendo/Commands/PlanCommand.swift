import ArgumentParser

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Predict time, cost and efficiency at numbers of ranks that were not tried, from a pilot.",
        discussion: """
            Examples:
              crescendo plan pilots/clicks/pilot.json
              crescendo plan pilot.json --ranks 16,64,256,1024 --price 2.5 --html plan.html

            The pilot has measured what a row costs, how the batch grows (which does not depend on the number of ranks), \
            and how long allreduces take. Every prediction comes with the interval that holds the true time in nine of \
            ten cases; it widens with the distance from what was measured.
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
