import BigBatch
import Datasets
import Kernels
import MPI
import Models

/// Chooses λ by cross-validation: for one λ after the other a model for every fold, trained without its rows and begun where a like
/// λ has left it.
///
/// All that is decided rests on sums over all ranks that have the same bits at any number of them.
package struct PenaltySearch<M: RowLossModel> {
    let model: M
    let folds: Folds
    /// Nil: powers of ten, and between them where it matters.
    let grid: PenaltyGrid?
    let rule: PenaltyCurve.Rule
    /// Of the fits; λ aside.
    let configuration: TrainerConfiguration
    let communicator: any Communicator

    /// Rows for each parameter and unit of tolerance that models are trained on, at most: of n rows a model is within about p/2n of
    /// the best there is for all, a part of the tolerance of the loss then.
    private static var rowsPerParameter: Double { 2 }

    /// Collective.
    /// - Parameters:
    ///   - folds: at most; no more than there are rows.
    ///   - isForClasses: labels are classes, of which every fold gets its share.
    ///   - grid: nil: by the data.
    ///   - configuration: of the final fit; tolerance, seed, time limit and memory are taken from it.
    package init(
        _ model: M, on dataset: Dataset, folds: Int, isForClasses: Bool, grid: PenaltyGrid?, rule: PenaltyCurve.Rule,
        configuration: TrainerConfiguration, communicator: any Communicator
    ) throws {
        self.model = model
        self.rule = rule
        self.communicator = communicator
        self.grid = grid
        let enough = Self.rowsPerParameter * Double(model.parameterCount) / max(configuration.tolerance, 1e-9)
        self.folds = try Folds(
            dataset, count: folds, isForClasses: isForClasses,
            trainedRows: dataset.order.count > Folds.mostSingle && enough < Double(dataset.order.count) / 2
                ? Int(enough) : nil, communicator: communicator)
        var fits = TrainerConfiguration()
        (fits.tolerance, fits.seed) = (configuration.tolerance, configuration.seed)
        (fits.timeLimit, fits.memoryLimit) = (configuration.timeLimit, configuration.memoryLimit)
        (fits.balance, fits.measuresGap) = (.off, false)
        fits.initialBatchSize = self.folds.trainedRows
        self.configuration = fits
    }

    package var foldCount: Int { folds.count }
    /// Rows that models are trained on, those held out among them.
    package var trainedRows: Int { folds.trainedRows }

    private final class Progress {
        var curve: PenaltyCurve
        let losses: HeldOutLosses
        var best: PenaltyFits

        init(_ curve: PenaltyCurve, _ losses: HeldOutLosses, _ start: PenaltyFits) {
            (self.curve, self.losses, best) = (curve, losses, start)
        }
    }

    /// Collective.
    /// - Parameters:
    ///   - store: where models are kept.
    ///   - found: told of the curve after every λ, and of the place of that λ in it.
    ///   - secondsLeft: until time is up; asked on every rank, the first one's counts.
    /// - Returns: nil: a stop was asked for.
    package func run(
        store: (any PenaltyFitStore)? = nil, found: (PenaltyCurve, Int) -> Void = { _, _ in },
        secondsLeft: () -> Double = { .infinity }, stopRequested: @escaping () -> Bool = { false }
    ) throws -> PenaltyCurve? {
        let datasets = (0..<folds.count).map { folds.training(without: $0) }
        let start = PenaltyFits(
            parameters: datasets.map { _ in model.initialParameters(seed: configuration.seed) })
        let progress = Progress(
            PenaltyCurve(
                points: [], folds: folds.count, trainedRows: folds.trainedRows,
                tolerance: configuration.tolerance, rule: rule, end: .grid),
            HeldOutLosses(folds), start)
        /// Adds λ to the curve. Nil: that was stopped.
        func add(_ l2: Double, from before: PenaltyFits) throws -> PenaltyFits? {
            var fits = PenaltyFits(parameters: before.parameters)
            if let kept = try store?.fits(at: l2), kept.parameters.map(\.count) == fits.parameters.map(\.count) {
                fits = kept
            } else {
                for (fold, dataset) in datasets.enumerated() {
                    let reason = try fit(&fits, fold, dataset, l2: l2, secondsLeft(), stopRequested)
                    if reason == .timeLimit || reason == .signal {
                        progress.curve.end = reason == .signal ? .stop : .time
                        return nil
                    }
                }
                try store?.keep(fits, at: l2)
            }
            let place = try judge(fits, l2, progress)
            if progress.curve.best == place { progress.best = fits }
            found(progress.curve, place)
            return fits
        }
        try descend(progress, from: start, add)
        if grid == nil, progress.curve.end.isOwn { try refine(progress, add) }
        return progress.curve.end == .stop ? nil : progress.curve
    }

    /// From the largest λ down, until no smaller one need be tried.
    private func descend(
        _ progress: Progress, from start: PenaltyFits, _ add: (Double, PenaltyFits) throws -> PenaltyFits?
    ) throws {
        var fits = start
        let values = try grid?.values ?? ownGrid()
        for l2 in values {
            guard let next = try add(l2, fits) else { return }
            fits = next
            if let end = end(of: progress.curve, penalty: fits.penalty) {
                progress.curve.end = end
                return
            }
        }
    }

    /// Larger ones where the largest is best, and those between powers of ten around the best, where the rows can tell them apart.
    private func refine(_ progress: Progress, _ add: (Double, PenaltyFits) throws -> PenaltyFits?) throws {
        // Up while that gains something.
        while progress.curve.best == 0, let first = progress.curve.points.first, first.l2 < PenaltyGrid.most {
            guard try add(PenaltyGrid.rounded(10 * first.l2), progress.best) != nil else { return }
            if first.loss - progress.curve.points[progress.curve.best].loss <= progress.curve.resolution { break }
        }
        let curve = progress.curve
        guard let best = curve.points.indices.contains(curve.best) ? curve.points[curve.best] : nil else { return }
        let bound = configuration.tolerance * abs(best.loss)
        func differs(_ place: Int) -> Bool {
            curve.points.indices.contains(place) && curve.points[place].excess > bound
        }
        for (side, factors) in [(-1, [2.0, 5]), (1, [0.5, 0.2])] where differs(curve.best + side) {
            for factor in factors {
                let l2 = PenaltyGrid.rounded(factor * best.l2)
                guard try add(l2, progress.best) != nil else { return }
                // Losses rise from there on.
                if progress.curve.points[progress.curve.best].l2 != l2 { break }
            }
        }
    }

    private func ownGrid() throws -> [Double] {
        let dataset = folds.dataset
        let squares = try communicator.sum(dataset) { Double(dataset.squaredNorms.pointer[$0]) }
        return PenaltyGrid(decadesFor: folds.rows, squaredNorm: squares / Double(max(1, folds.rows))).values
    }

    /// Puts the losses of a new λ into the curve. Collective.
    private func judge(_ fits: PenaltyFits, _ l2: Double, _ progress: Progress) throws -> Int {
        let place = progress.curve.points.firstIndex { $0.l2 < l2 } ?? progress.curve.points.count
        progress.losses.insert(model, at: fits.parameters, as: place)
        var (loss, error) = try progress.losses.mean(place, communicator)
        if fits.hasDiverged { (loss, error) = (.infinity, .infinity) }
        progress.curve.points.insert(.init(l2: l2, loss: loss, standardError: error), at: place)
        let best = progress.curve.best
        for index in best == place ? Array(progress.curve.points.indices) : [place] {
            let excess = try progress.losses.excess(index, over: best, communicator)
            let isKnown = progress.curve.points[index].loss.isFinite
            progress.curve.points[index].excess = isKnown ? excess.value : .infinity
            progress.curve.points[index].excessError = isKnown ? excess.standardError : .infinity
        }
        return place
    }

    /// Why no smaller λ need be tried; nil: the next is.
    private func end(of curve: PenaltyCurve, penalty: Double) -> PenaltyCurve.End? {
        guard let last = curve.points.last else { return nil }
        if curve.isRising { return .rising }
        let isSlight = last.l2 * Double(folds.rows) <= 10 && penalty <= curve.resolution
        return isSlight && curve.isLevel ? .flat : nil
    }

    private func fit(
        _ fits: inout PenaltyFits, _ fold: Int, _ dataset: Dataset, l2: Double, _ secondsLeft: Double,
        _ stopRequested: @escaping () -> Bool
    ) throws -> StopReason {
        var configuration = configuration
        configuration.l2 = l2
        if configuration.timeLimit != nil {
            configuration.timeLimit = try communicator.broadcastValue(max(1e-3, secondsLeft))
        }
        let trainer = Trainer(
            model: model, dataset: dataset, communicator: communicator, configuration: configuration)
        trainer.begin(at: fits.parameters[fold])
        let result = try trainer.run(stopRequested: stopRequested)
        guard result.stopReason != .divergence else {
            fits.hasDiverged = true
            return .divergence
        }
        fits.parameters[fold] = result.parameters
        let weights = result.parameters.prefix(model.penalisedCount)
        fits.penalty = max(fits.penalty, l2 / 2 * weights.reduce(0) { $0 + Double($1) * Double($1) })
        return result.stopReason
    }
}
