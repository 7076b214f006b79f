/// What the label column looks like: enough to choose a model and to number classes. Ranks merge theirs.
public struct LabelSummary: Sendable, Equatable {
    /// Distinct values beyond this number are no longer listed.
    public static let cap = 1000

    /// Rows seen.
    public private(set) var count = 0
    /// Distinct values, ascending; empty once there are more than `cap` (see `isCapped`).
    public private(set) var values: [Double] = []
    /// Rows of each of `values`.
    public private(set) var counts: [Int] = []
    /// True when there are more than `cap` distinct values.
    public private(set) var isCapped = false
    public private(set) var allIntegers = true
    /// True when labels are names and the values are indices into the list of names.
    public var areText: Bool
    /// +∞ and −∞ without rows.
    public private(set) var minimum = Double.infinity
    public private(set) var maximum = -Double.infinity

    public init(areText: Bool = false) {
        self.areText = areText
    }

    public init(_ labels: some Sequence<Double>, areText: Bool = false) {
        self.areText = areText
        for label in labels { add(label) }
    }

    /// Counts one label. Labels are finite: readers refuse others.
    public mutating func add(_ value: Double, times: Int = 1) {
        count += times
        minimum = min(minimum, value)
        maximum = max(maximum, value)
        if value.rounded() != value { allIntegers = false }
        if isCapped { return }
        let low = index(of: value)
        if low < values.count, values[low] == value {
            counts[low] += times
        } else if values.count == Self.cap {
            stopListing()
        } else {
            values.insert(value, at: low)
            counts.insert(times, at: low)
        }
    }

    /// Where `value` stands among `values`, or would.
    func index(of value: Double) -> Int {
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Adds the rows of `other`; the result does not depend on the order of merging.
    public mutating func merge(_ other: LabelSummary) {
        areText = areText || other.areText
        guard other.isCapped else {
            for (value, times) in zip(other.values, other.counts) { add(value, times: times) }
            return
        }
        stopListing()
        count += other.count
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
        allIntegers = allIntegers && other.allIntegers
    }

    private mutating func stopListing() {
        isCapped = true
        values = []
        counts = []
    }
}

extension LabelSummary {
    /// The summary as plain numbers, to send to other ranks; `init(numbers:)` reads it back.
    public var numbers: [Double] {
        [Double(count), isCapped ? 1 : 0, allIntegers ? 1 : 0, areText ? 1 : 0, minimum, maximum]
            + values + counts.map { Double($0) }
    }

    /// - Precondition: `numbers` comes from the property of that name.
    public init(numbers: [Double]) {
        let distinct = (numbers.count - 6) / 2
        count = Int(numbers[0])
        isCapped = numbers[1] == 1
        allIntegers = numbers[2] == 1
        areText = numbers[3] == 1
        minimum = numbers[4]
        maximum = numbers[5]
        values = Array(numbers[6..<6 + distinct])
        counts = numbers[(6 + distinct)...].map { Int($0) }
    }
}

extension LabelSummary {
    /// Whether numbers from a file are those of a summary.
    static func isSound(_ numbers: [Double]) -> Bool {
        guard numbers.count >= 6, numbers.count % 2 == 0, numbers[1...3].allSatisfy({ $0 == 0 || $0 == 1 }),
            let count = Int(exactly: numbers[0]), count >= 0
        else { return false }
        let distinct = (numbers.count - 6) / 2
        let values = numbers[6..<6 + distinct]
        let counts = numbers[(6 + distinct)...].map { Int(exactly: $0) ?? -1 }
        if numbers[1] == 1 { return distinct == 0 }
        return values.allSatisfy(\.isFinite) && zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
            && CheckedCount.sum(counts) == count && distinct <= cap
    }
}
