import Models

extension Objective {
    /// The walk after a step along `line`; nil where margins should be computed afresh, or cannot serve on. Whatever else
    /// changes the parameters ends the walk.
    /// - Parameters: x and d, those of the line.
    func walk(on line: Line, from x: [Float], along d: [Float], by step: Double) -> Walk? {
        let kept = keptWalk(start: line.start, count: line.count)
        let steps = (kept?.steps ?? 0) + 1
        guard line.count == population, steps <= Walk.longest, let margins = line.margins as? any WalkableLine else {
            return nil
        }
        let clock = Stopwatch()
        margins.advance(by: step)
        computeSeconds += clock.seconds
        var path: WalkPath?
        if remembersWalks || parts.areSpread {
            path = kept == nil ? WalkPath(start: line.start, origin: part(of: x)) : kept?.path
            path?.moves.append(WalkPath.Move(direction: part(of: d), step: step))
        }
        return Walk(line: margins, start: line.start, steps: steps, path: path)
    }

    /// The walk, if it goes over the batch start ..< start + count.
    func keptWalk(start: Int, count: Int) -> Walk? {
        guard count == population, let walk, walk.start == start else { return nil }
        return walk
    }

    private func part(of whole: [Float]) -> [Float] { parts.areSpread ? Array(whole[parts.own]) : whole }

    /// Where the walk has come from, with whole vectors. An exchange for each where they are spread.
    func wholePath() throws -> WalkPath? {
        guard parts.areSpread, let path = walk?.path else { return walk?.path }
        var result = WalkPath(start: path.start, origin: try gathered(path.origin))
        for move in path.moves {
            result.moves.append(WalkPath.Move(direction: try gathered(move.direction), step: move.step))
        }
        return result
    }

    /// Walks the path, of whole vectors, again, with no reduction. Reads of rows are not counted.
    func retrace(_ path: WalkPath) throws -> Walk {
        guard let first = path.moves.first, path.moves.count <= Walk.longest,
            path.moves.allSatisfy({ $0.direction.count == path.origin.count }),
            path.origin.count == model.parameterCount
        else { throw SnapshotMismatch(description: "the walk of the snapshot is not of this model") }
        let batch = dataset.batch(start: path.start % population, count: population)
        let line = path.origin.withUnsafeBufferPointer { x in
            first.direction.withUnsafeBufferPointer { model.directionalLoss(batch, at: x, direction: $0) }
        }
        guard let line = line as? any WalkableLine else {
            throw SnapshotMismatch(description: "the walk of the snapshot is not of this model")
        }
        line.advance(by: first.step)
        for move in path.moves.dropFirst() {
            move.direction.withUnsafeBufferPointer { line.turn(to: $0) }
            line.advance(by: move.step)
        }
        var kept = WalkPath(start: path.start, origin: part(of: path.origin))
        kept.moves = path.moves.map { WalkPath.Move(direction: part(of: $0.direction), step: $0.step) }
        return Walk(line: line, start: path.start, steps: path.moves.count, path: kept)
    }
}
