import Models

/// Where a line search on all rows has led: its margins serve the next gradient and the next search, over the same rows.
struct Walk {
    /// Steps after which margins are computed afresh: each adds a rounding to them.
    static let longest = 8

    let line: any WalkableLine
    /// First global position of the batch.
    let start: Int
    /// Steps since the margins were fresh.
    let steps: Int
    /// How it came about; nil where that is not kept.
    var path: WalkPath?
}

/// A walk as the points and directions it was made of, or this rank's part of them: margins that are walked again have the same
/// roundings.
struct WalkPath: Codable {
    struct Move: Codable {
        @Stored var direction: [Float]
        var step: Double
    }

    let start: Int
    /// The parameters at which margins were fresh.
    @Stored var origin: [Float]
    var moves: [Move] = []
}
