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
}

extension Objective {
    /// The walk after a step along `ray`; nil where margins should be computed afresh, or cannot serve on. Whatever else
    /// changes the parameters ends the walk.
    func walk(on ray: Ray, by step: Double) -> Walk? {
        let steps = (keptWalk(start: ray.start, count: ray.count)?.steps ?? 0) + 1
        guard ray.count == population, steps <= Walk.longest, let line = ray.line as? any WalkableLine else {
            return nil
        }
        let clock = ContinuousClock.now
        line.advance(by: step)
        computeSeconds += seconds(since: clock)
        return Walk(line: line, start: ray.start, steps: steps)
    }

    /// The walk, if it goes over the batch start ..< start + count.
    func keptWalk(start: Int, count: Int) -> Walk? {
        guard count == population, let walk, walk.start == start else { return nil }
        return walk
    }
}
