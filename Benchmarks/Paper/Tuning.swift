import BigBatch

/// A grid search by the norm that counts at the end.
struct Tuning {
    /// Every point of the grid with the norm it reached, in grid order.
    var trials: [(settings: Settings, norm: Double)] = []

    /// The best point.
    var best: Settings { trials.min { $0.norm < $1.norm }?.settings ?? Settings() }

    /// True when a better point may lie outside of the grid.
    var isAtEdge: Bool {
        func isEdge(_ value: (Settings) -> Double?) -> Bool {
            let values = Set(trials.compactMap { value($0.settings) }).sorted()
            guard values.count > 1, let chosen = value(best) else { return false }
            return chosen == values.first || chosen == values.last
        }
        return isEdge(\.step) || isEdge(\.decay)
    }
}

extension Problem {
    /// Runs the whole grid of a baseline.
    func tune(_ method: Method, passes: Double) throws -> Tuning {
        var tuning = Tuning()
        for settings in method.grid {
            tuning.trials.append((settings, try run(method, settings, passes: passes).norm))
        }
        return tuning
    }
}
