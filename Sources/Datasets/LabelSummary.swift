/// What the label column looks like: enough to choose a model and to number classes. Ranks merge theirs.
public struct LabelSummary: Sendable, Equatable {
    /// Distinct values beyond this number are no longer listed: whole numbers, which may be classes, and others.
    public static let mostClasses = 10_000
    public static let cap = 1000

    /// Rows seen.
    public private(set) var count = 0
    /// Distinct values, ascending; empty once there are too many (see `isCapped`).
    public private(set) var values: [Double] = []
    /// Rows of each of `values`.
    public private(set) var counts: [Int] = []
    /// True when there are more distinct values than are listed.
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
        } else {
            values.insert(value, at: low)
            counts.insert(times, at: low)
        }
        checkLength()
    }

    private mutating func checkLength() {
        let mayBeClasses = allIntegers && max(abs(minimum), abs(maximum)) <= 0x1p24
        if values.count > (mayBeClasses ? Self.mostClasses : Self.cap) { stopListing() }
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

    /// Counts many labels; those that are not a number are passed over.
    mutating func add(_ labels: [Double]) {
        var rows: [Double: Int] = [:]
        var rest = LabelSummary()
        rest.isCapped = isCapped
        for label in labels where !label.isNaN {
            if rest.isCapped {
                rest.add(label)
            } else {
                rows[label, default: 0] += 1
                if label.rounded() != label { rest.allIntegers = false }
                if rows.count > (rest.allIntegers ? Self.mostClasses : Self.cap) { rest.isCapped = true }
            }
        }
        let sorted = rows.sorted { $0.key < $1.key }
        rest.count += sorted.reduce(0) { $0 + $1.value }
        rest.allIntegers = rest.allIntegers && sorted.allSatisfy { $0.key.rounded() == $0.key }
        rest.minimum = min(rest.minimum, sorted.first?.key ?? .infinity)
        rest.maximum = max(rest.maximum, sorted.last?.key ?? -.infinity)
        if !rest.isCapped {
            rest.values = sorted.map(\.key)
            rest.counts = sorted.map(\.value)
        }
        merge(rest)
    }

    /// Adds the rows of `other`; the result does not depend on the order of merging.
    public mutating func merge(_ other: LabelSummary) {
        areText = areText || other.areText
        count += other.count
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
        allIntegers = allIntegers && other.allIntegers
        guard !isCapped, !other.isCapped else { return stopListing() }
        var merged: [(value: Double, rows: Int)] = []
        merged.reserveCapacity(values.count + other.values.count)
        var (i, j) = (0, 0)
        while i < values.count || j < other.values.count {
            let isMine = j == other.values.count || i < values.count && values[i] <= other.values[j]
            let isTheirs = i == values.count || j < other.values.count && other.values[j] <= values[i]
            merged.append(
                (isMine ? values[i] : other.values[j], (isMine ? counts[i] : 0) + (isTheirs ? other.counts[j] : 0)))
            if isMine { i += 1 }
            if isTheirs { j += 1 }
        }
        values = merged.map(\.value)
        counts = merged.map(\.rows)
        checkLength()
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
            && CheckedCount.sum(counts) == count && distinct <= mostClasses
    }
}
