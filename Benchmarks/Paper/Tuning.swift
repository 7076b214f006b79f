import BigBatch

/// A grid search, judged by the norm that counts at the end.
struct Tuning {
    /// Every point of the grid with the norm it reached, in grid order.
    var trials: [(settings: Settings, norm: Double)] = []

    var best: (settings: Settings, norm: Double) { trials.min { $0.norm < $1.norm } ?? (Settings(), .infinity) }

    /// True when a better point may lie outside of the grid.
    var isAtEdge: Bool {
        func isEdge(_ value: (Settings) -> Double?) -> Bool {
            let values = Set(trials.compactMap { value($0.settings) }).sorted()
            guard values.count > 1, let chosen = value(best.settings) else { return false }
            return chosen == values.first || chosen == values.last
        }
        return isEdge(\.step) || isEdge(\.decay)
    }
}

extension Problem {
    /// Runs a whole grid.
    func tune(_ method: Method, grid: [Settings], passes: Double) throws -> Tuning {
        var tuning = Tuning()
        for settings in grid {
            tuning.trials.append((settings, try run(method, settings, passes: passes).norm))
        }
        return tuning
    }
}
