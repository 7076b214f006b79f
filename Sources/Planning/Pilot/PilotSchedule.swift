/// One thing for the ranks of a pilot to do.
package struct Assignment: Equatable, Sendable {
    package enum Purpose: Equatable, Sendable {
        /// Finds the objective that all others are measured against.
        case reference
        case tuning(rung: Int)
        case measurement
    }

    package var purpose: Purpose
    package var method: PilotMethod
    package var ranks: Int
    package var candidate: Candidate?
    /// Which of the repeats this is; each meets the rows in another order.
    package var number: Int
    /// What the run may spend at most, in units of the budget.
    package var allowance: Double
    /// Passes over the data at most; nil: no limit of its own.
    package var passes: Double?
}

/// Decides what a pilot does next: a pure function of what has been found and of how much of the budget is spent, so that
/// all ranks decide the same. The unit of the budget is seconds or passes over the data; nothing here depends on which.
///
/// 1. One run of `auto` finds the objective to aim at.
/// 2. Tuning, at most `tuningShare` of the budget: successive halving (Jamieson & Talwalkar, AISTATS 2016). All settings
///    get a short run, the better half one of four times the passes, and so on: a step that is best at first may be too
///    long for the end. Constant small batches are tuned on one rank,
///    large ones on all.
/// 3. Every method once at every number of ranks, in at most `firstShare` of what is left; `auto`, the default, before all
///    others and with twice their share. None costs more than `patience` times the cheapest that has reached the target:
///    what needs longer is no candidate, and what it would take is better spent on repeats.
/// 4. Repeats until the budget is spent: first those that the recommendation rests on, which are what may be the fastest
///    and `auto`, the default, until each has `leastRuns`; then two of three go to what may be the fastest, the others to
///    what has few.
package struct PilotSchedule: Sendable {
    package static let tuningShare = 0.3
    package static let rungs = 4
    package static let firstShare = 0.6
    package static let patience = 4.0
    /// Slower than this many times the fastest: no candidate for the recommendation.
    package static let contention = 1.5

    package let methods: [PilotMethod]
    /// Ascending; the last is all ranks.
    package let ranks: [Int]
    /// What the pilot may spend until nothing is left but to write.
    package let budget: Double
    private var tuning: [PilotMethod: [(candidate: Candidate, objective: Double?)]] = [:]
    private var rung = 0
    private var hasReference = false
    private var tuningEnd: Double?
    /// Measurements still to be made once.
    private var first: [(method: PilotMethod, ranks: Int)]
    private var configurations: [Configuration] = []
    private var turns = 0
    /// Runs and their cost while tuning, by method.
    package private(set) var tuningRuns: [PilotMethod: Int] = [:]
    package private(set) var tuningCost: [PilotMethod: Double] = [:]

    private struct Configuration {
        var method: PilotMethod
        var ranks: Int
        private(set) var runs = 0
        /// The most that a run has cost, its evaluations included.
        private(set) var greatestCost = 0.0
        /// Seconds to the target of the runs that reached it, ascending: a pilot may have very many, and asks after each.
        private(set) var times: [Double] = []

        var median: Double { Statistics.quantile(sorted: times, 0.5) ?? .infinity }

        init(method: PilotMethod, ranks: Int) {
            self.method = method
            self.ranks = ranks
        }

        mutating func note(cost: Double, seconds: Double?) {
            runs += 1
            greatestCost = max(greatestCost, cost)
            guard let seconds else { return }
            var range = times.indices
            while !range.isEmpty {
                let middle = range.lowerBound + range.count / 2
                range = times[middle] < seconds ? middle + 1..<range.upperBound : range.lowerBound..<middle
            }
            times.insert(seconds, at: range.lowerBound)
        }
    }

    /// - Parameter candidates: what tuning tries, for the methods that need it.
    package init(
        methods: [PilotMethod], ranks: [Int], budget: Double, candidates: (PilotMethod) -> [Candidate]
    ) {
        self.methods = methods
        self.ranks = ranks
        self.budget = budget
        for method in methods where method.needsTuning {
            tuning[method] = candidates(method).map { ($0, nil) }
        }
        let everywhere = ranks.reversed().flatMap { count in methods.map { (method: $0, ranks: count) } }
        first = everywhere.filter { $0.method == .auto } + everywhere.filter { $0.method != .auto }
    }

    /// The setting that tuning has found best; nil for methods that need none.
    package func tuned(_ method: PilotMethod) -> Candidate? { tuning[method]?.first?.candidate }

    /// Ranks that a method is tuned on.
    package func tuningRanks(_ method: PilotMethod) -> Int { method == .sgd ? ranks[0] : ranks[ranks.count - 1] }

    /// What to do next; nil: the budget is spent.
    /// - Parameter spent: of the budget so far.
    package mutating func next(spent: Double) -> Assignment? {
        let left = budget - spent
        guard left > 0 else { return nil }
        if !hasReference {
            return Assignment(
                purpose: .reference, method: .auto, ranks: ranks[ranks.count - 1], candidate: nil, number: 0,
                allowance: 0.15 * left, passes: nil)
        }
        let end = tuningEnd ?? spent + Self.tuningShare * left
        tuningEnd = end
        if let assignment = nextTuning(left: end - spent) { return assignment }
        if let (method, count) = first.first {
            // Equal parts; who needs less leaves it to the others.
            let parts = first.reduce(0) { $0 + Self.parts($1.method) }
            let share = Self.firstShare * left * Self.parts(method) / parts
            let cheapest = configurations.filter { !$0.times.isEmpty }.map(\.greatestCost).min()
            return measurement(
                method, count, number: 0, allowance: min(share, cheapest.map { Self.patience * $0 } ?? .infinity))
        }
        return nextRepeat(left: left)
    }

    /// What the assignment has found.
    /// - Parameters:
    ///   - cost: of the budget, everything included.
    ///   - objective: at the end of the run.
    ///   - seconds: to the target; nil when it was not reached.
    package mutating func note(_ assignment: Assignment, cost: Double, objective: Double, seconds: Double?) {
        let method = assignment.method
        switch assignment.purpose {
        case .reference:
            hasReference = true
        case .tuning:
            tuningRuns[method, default: 0] += 1
            tuningCost[method, default: 0] += cost
            if let index = tuning[method]?.firstIndex(where: { $0.candidate == assignment.candidate }) {
                tuning[method]?[index].objective = objective.isFinite ? objective : .infinity
            }
        case .measurement:
            first.removeAll { $0.method == method && $0.ranks == assignment.ranks }
            let index =
                configurations.firstIndex { $0.method == method && $0.ranks == assignment.ranks }
                ?? configurations.count
            if index == configurations.count {
                configurations.append(Configuration(method: method, ranks: assignment.ranks))
            }
            configurations[index].note(cost: cost, seconds: seconds)
        }
    }

    // MARK: - Tuning

    private mutating func nextTuning(left: Double) -> Assignment? {
        while rung < Self.rungs {
            let open = methods.flatMap { method in
                (tuning[method] ?? []).filter { $0.objective == nil }.map { (method, $0.candidate) }
            }
            if let (method, candidate) = open.first, left > 0 {
                let passes = (method == .sgd ? 0.5 : 1) * Double(1 << (2 * rung))
                return Assignment(
                    purpose: .tuning(rung: rung), method: method, ranks: tuningRanks(method), candidate: candidate,
                    number: 0, allowance: left / Double(open.count * (Self.rungs - rung)), passes: passes)
            }
            closeRung(isLast: left <= 0 || rung == Self.rungs - 1)
        }
        return nil
    }

    /// Keeps the better half. Where time ran out, those not tried are the worst.
    private mutating func closeRung(isLast: Bool) {
        rung = isLast ? Self.rungs : rung + 1
        for (method, entries) in tuning {
            // A stable sort: equal ones stay in the order of the grid.
            let sorted = entries.enumerated().sorted {
                ($0.element.objective ?? .infinity, $0.offset) < ($1.element.objective ?? .infinity, $1.offset)
            }.map(\.element)
            let kept = isLast ? sorted : Array(sorted.prefix(max(1, (sorted.count + 1) / 2)))
            tuning[method] = kept.map { ($0.candidate, isLast ? $0.objective : nil) }
        }
    }

    // MARK: - Measuring

    private static func parts(_ method: PilotMethod) -> Double { method == .auto ? 2 : 1 }

    private func measurement(_ method: PilotMethod, _ count: Int, number: Int, allowance: Double) -> Assignment {
        Assignment(
            purpose: .measurement, method: method, ranks: count, candidate: tuned(method), number: number,
            allowance: allowance, passes: nil)
    }

    private mutating func nextRepeat(left: Double) -> Assignment? {
        let fastest = configurations.map(\.median).min() ?? .infinity
        // A run may take longer than all before it; what does not fit would break the budget.
        let fitting = configurations.filter { 1.25 * $0.greatestCost <= left }
        let contenders = fitting.filter { $0.median <= Self.contention * fastest && fastest.isFinite }
        let others = fitting.filter { !$0.times.isEmpty && $0.median > Self.contention * fastest }
        // In turns, so that runs of one number are near each other in time: they are compared in pairs.
        let least = Statistics.leastRuns
        for pool in [contenders, fitting.filter { $0.method == .auto }] {
            if let chosen = pool.filter({ $0.runs < least }).min(by: { ($0.runs, $0.median) < ($1.runs, $1.median) }) {
                return measurement(chosen.method, chosen.ranks, number: chosen.runs, allowance: left)
            }
        }
        turns += 1
        let pool = (turns % 3 == 0 && !others.isEmpty) || contenders.isEmpty ? others : contenders
        let picked = pool.min { ($0.runs, $0.median) < ($1.runs, $1.median) }
        guard let chosen = picked ?? fitting.min(by: { $0.runs < $1.runs }) else { return nil }
        return measurement(chosen.method, chosen.ranks, number: chosen.runs, allowance: left)
    }
}
