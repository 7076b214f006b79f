import BigBatch

/// The metrics of a run in bounded memory, however long it was: where lines fall into the same 1/1024 of the run (of its
/// iterations, its time, its passes and its bytes), those stay that a picture shows, the first, the last and the extremes.
public struct MetricsHistory: Sendable {
    /// Something the method did.
    public struct Decision: Sendable, Equatable {
        public enum Kind: Int, Sendable, CaseIterable {
            /// The batch grew.
            case growth
            /// The line search looked at more than one step.
            case backtracking
            /// A batch or a trial was not finite and was left out.
            case skipped
        }

        public var kind: Kind
        public var iteration: Int
        public var seconds: Double
        /// The batch after it.
        public var batchSize: Int
    }

    /// In order of iterations.
    public private(set) var lines: [IterationRecord] = []
    public private(set) var decisions: [Decision] = []
    /// How often each kind was seen, by its raw value.
    public private(set) var counts = [Int](repeating: 0, count: Decision.Kind.allCases.count)
    public var last: IterationRecord? { lines.last }

    private let limit: Int
    private let cells: Double

    /// - Parameters:
    ///   - limit: lines that are kept before they are thinned out.
    ///   - cells: parts of each axis that a picture can tell apart.
    package init(limit: Int = 1 << 17, cells: Int = 1024) {
        self.limit = limit
        self.cells = Double(cells)
    }

    public init() { self.init(limit: 1 << 17) }

    public func count(_ kind: Decision.Kind) -> Int { counts[kind.rawValue] }

    public mutating func append(_ line: MetricsLine) {
        if let last, line.firstIteration <= last.iteration { goBack(before: line.firstIteration) }
        note(line)
        lines.append(line.record)
        if lines.count >= limit { thinLines() }
        if decisions.count >= limit { thinDecisions() }
    }

    /// Forgets what a restart did once more.
    private mutating func goBack(before iteration: Int) {
        while let last, last.iteration >= iteration { lines.removeLast() }
        while let decision = decisions.last, decision.iteration >= iteration {
            counts[decision.kind.rawValue] -= 1
            decisions.removeLast()
        }
    }

    private mutating func note(_ line: MetricsLine) {
        let record = line.record
        func decide(_ kind: Decision.Kind) {
            counts[kind.rawValue] += 1
            decisions.append(
                Decision(
                    kind: kind, iteration: record.iteration, seconds: record.seconds, batchSize: record.batchSize))
        }
        if let last, record.batchSize > last.batchSize { decide(.growth) }
        if record.trials > 1 + record.iteration - line.firstIteration { decide(.backtracking) }
        if record.nonFinite > last?.nonFinite ?? 0 { decide(.skipped) }
    }

    // MARK: - Thinning

    private mutating func thinLines() {
        guard let end = lines.last else { return }
        let scales = Self.axes(end).map { $0 > 0 ? cells / $0 : 0 }
        var kept: [IterationRecord] = []
        var start = 0
        while start < lines.count {
            let place = cell(of: lines[start], scales)
            var stop = start + 1
            while stop < lines.count, cell(of: lines[stop], scales) == place { stop += 1 }
            for index in Self.extremes(lines[start..<stop]) { kept.append(lines[index]) }
            start = stop
        }
        lines = kept
    }

    private func cell(of record: IterationRecord, _ scales: [Double]) -> SIMD4<Int32> {
        let values = Self.axes(record)
        var place = SIMD4<Int32>()
        for axis in 0..<4 {
            let scaled = values[axis] * scales[axis]
            place[axis] = scaled.isFinite ? Int32(max(0, min(scaled, cells))) : 0
        }
        return place
    }

    private static func axes(_ record: IterationRecord) -> [Double] {
        [Double(record.iteration), record.seconds, record.gradientPasses, Double(record.communicatedBytes)]
    }

    /// First, last, and where each curve is lowest and highest.
    private static func extremes(_ group: ArraySlice<IterationRecord>) -> [Int] {
        guard group.count > 2 else { return Array(group.indices) }
        var kept: Set = [group.startIndex, group.endIndex - 1]
        let curves: [(IterationRecord) -> Double] = [
            { $0.loss }, { $0.gradientNorm }, { $0.signalToNoise.isFinite ? $0.signalToNoise : .nan },
            { $0.stepSize > 0 ? $0.stepSize : .nan }, { Double($0.batchSize) }, { $0.validationLoss ?? .nan },
        ]
        for curve in curves {
            var lowest: (place: Int, value: Double)?
            var highest: (place: Int, value: Double)?
            for index in group.indices {
                let value = curve(group[index])
                guard !value.isNaN else { continue }
                if value < lowest?.value ?? .infinity { lowest = (index, value) }
                if value > highest?.value ?? -.infinity { highest = (index, value) }
            }
            if let lowest { kept.insert(lowest.place) }
            if let highest { kept.insert(highest.place) }
        }
        return kept.sorted()
    }

    /// One of a kind stays in each part of the iterations.
    private mutating func thinDecisions() {
        let scale = 4 * cells / Double(max(1, lines.last?.iteration ?? 1))
        var taken = Set<Int>()
        decisions = decisions.filter { decision in
            let place = Int(saturating: min((Double(decision.iteration) * scale).rounded(.down), 1e15))
            return taken.insert(place * Decision.Kind.allCases.count + decision.kind.rawValue).inserted
        }
    }
}
