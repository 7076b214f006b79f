import BigBatch
import Datasets
import MPI
import Models
import Platform
import Runs
import Selection

extension TrainJob {
    /// Of the run's time the share that a choice of λ may take: the model has to be trained then.
    private static var shareOfTime: Double { 0.8 }

    /// Why training should stop, as this rank knows it.
    /// - Parameter needed: seconds that an orderly end takes.
    func stopRequest(_ start: RunStart, needed: @escaping () -> Double) -> StopRequest {
        let end = world.rank == 0 ? command.run.endTime?.seconds ?? StopRequest.endOfSlurmJob : nil
        return StopRequest(end: end, start: self.start, attempt: start.rankZero?.attempt, needed: needed)
    }

    /// λ by cross-validation on the rows that are trained on, or as this run has chosen it before. Collective.
    func choosePenalty(
        _ model: some Model, _ rows: RunRows, _ configuration: TrainerConfiguration, _ plan: TrainingPlan,
        _ start: RunStart
    ) throws -> PenaltyOutcome {
        // A run that goes on has the data and options of its checkpoint.
        let known = start.snapshot == nil ? nil : start.rankZero.flatMap { storedCurve($0.present) }
        let l2 = try world.broadcastValue(known?.l2 ?? 0)
        if l2 > 0 {
            say("choice  λ = \(NumberFormat.significant(l2, 4)), as this run has chosen it before")
            return .chosen(PenaltyChosen(l2: l2, curve: known, seconds: 0))
        }
        guard let model = model as? any RowLossModel, let training = rows.training else {
            throw ModelError("`l2` auto is for linear models: give a number")
        }
        return try search(model, training, configuration, plan, start)
    }

    private func search(
        _ model: some RowLossModel, _ training: Dataset, _ configuration: TrainerConfiguration, _ plan: TrainingPlan,
        _ start: RunStart
    ) throws -> PenaltyOutcome {
        let begin = monotonicSeconds()
        let unit = configuration.lossUnit
        let choice = command.penalty
        let search = try PenaltySearch(
            model, on: training, folds: plan.folds, isForClasses: plan.kind.labels == .classes,
            grid: choice.grid.map { PenaltyGrid($0.values) },
            rule: (choice.rule ?? .best).rule, configuration: configuration, communicator: world)
        let request = stopRequest(start) { 0 }
        let few =
            search.trainedRows < plan.rows ? ", on \(NumberFormat.count(search.trainedRows)) of the rows" : ""
        say("choice  λ by the mean loss on rows held out, in \(search.foldCount) folds\(few):")
        var isBetween = false
        let limit = configuration.timeLimit.map { Self.shareOfTime * $0 } ?? .infinity
        let place = start.rankZero.map { zero in
            ChoiceStore.Place(
                folder: { zero.present }, fingerprint: zero.fingerprint, check: { try zero.attempt.check() })
        }
        let store = ChoiceStore(world, place, tolerance: configuration.tolerance) { [console] in console.warn($0) }
        let curve = try search.run(
            store: store,
            found: { curve, index in
                let point = curve.scaled(by: unit).points[index]
                if index < curve.points.count - 1, !isBetween {
                    isBetween = true
                    say("        and around the best")
                }
                say(
                    "        λ = \(NumberFormat.significant(point.l2, 4)): "
                        + "\(NumberFormat.significant(point.loss, 5)) ± \(NumberFormat.significant(point.standardError, 2))"
                )
            }, secondsLeft: { limit - (monotonicSeconds() - begin) }, stopRequested: { request.cause != nil })
        guard let curve else {
            return .stopped(try endChoice(start, code: request.cause?.code ?? 0))
        }
        guard !curve.points.isEmpty else {
            throw ModelError("the time limit was up before a λ was chosen: give a longer one, or a number for `l2`")
        }
        if store.used > 0 { say("        Models of \(store.used) of these values were there from an earlier start.") }
        let scaled = curve.scaled(by: unit)
        say("        \(scaled.explanation)")
        try world.onRoot {
            guard let zero = start.rankZero else { return }
            do {
                try zero.write {
                    try AtomicFile.write(
                        scaled.json.indentedText, to: $0.penalty, lasting: .contents, beforeRename: zero.attempt.check)
                }
            } catch  where !(error is LostRun) {
                console.warn("\(error). Where this run is stopped, λ is chosen once more.")
            }
        }
        if curve.end == .time {
            console.warn(
                "time was up while λ was chosen: of \(curve.points.count) value\(curve.points.count == 1 ? "" : "s") the best is taken. "
                    + "Give a longer --time-limit and --overwrite, or --l2 a number.")
        }
        let seconds = try world.broadcastValue(monotonicSeconds() - begin)
        say("        That took \(NumberFormat.duration(seconds)).")
        return .chosen(PenaltyChosen(l2: curve.l2, curve: scaled, seconds: seconds))
    }

    private func storedCurve(_ folder: RunFolder) -> PenaltyCurve? {
        guard let text = try? WholeFile.text(of: folder.penalty) else { return nil }
        return (try? JSON(text: text)).flatMap { PenaltyCurve(json: $0) }
    }

    /// Says that the run was stopped before it had a λ. Collective.
    private func endChoice(_ start: RunStart, code: Int32) throws -> Int32 {
        guard let cause = StopCause(code: try world.allreduce(code, .maximum)) else { return ExitCode.failure }
        try world.onRoot {
            guard let zero = start.rankZero else { return }
            do {
                try zero.status.write(.interrupted, reason: cause.name, iteration: 0, seconds: 0)
            } catch {
                console.warn("\(error)")
            }
            sayInAnyCase(
                "\(cause.sentence) The same command goes on with the choice of λ, with --output "
                    + "\(ShellWord.quoted(zero.present.path)).")
        }
        return cause.exitCode
    }
}
