/// What a column holds of dates, over some of the rows. Whole numbers: the same whatever the order of merging.
struct DateScan: Codable, Sendable {
    /// For one order of the parts.
    struct Reading: Codable, Sendable {
        /// Texts that are dates in this order.
        var count = 0
        /// Σ of the days since 1970.
        var days = 0
        /// Months, days of the week and hours that occur, a bit each.
        var months = 0
        var weekdays = 0
        var hours = 0

        mutating func add(_ moment: DateText.Moment) {
            count += 1
            days += moment.day
            months |= 1 << moment.month
            weekdays |= 1 << moment.weekday
            hours |= 1 << moment.hour
        }

        mutating func merge(_ other: Reading) {
            count += other.count
            days += other.days
            months |= other.months
            weekdays |= other.weekdays
            hours |= other.hours
        }
    }

    private(set) var readings = [Reading](repeating: Reading(), count: DateText.Order.allCases.count)

    /// In which orders it is a date; nil: in none.
    mutating func add(_ text: UnsafeBufferPointer<UInt8>) -> [Bool]? {
        guard let moments = DateText.parse(text) else { return nil }
        return DateText.Order.allCases.map { order in
            if let moment = moments[order] { readings[order.rawValue].add(moment) }
            return moments[order] != nil
        }
    }

    mutating func merge(_ other: DateScan) {
        for order in readings.indices { readings[order].merge(other.readings[order]) }
    }

    /// Texts that are dates, in the order that suits most of them.
    var count: Int { readings[best].count }
    /// That order.
    var best: Int { readings.indices.max { readings[$0].count < readings[$1].count } ?? 0 }

    /// The order in which all `texts` are dates. Where both 1/2/2013 ways fit, the month comes first, as pandas has it.
    func order(of texts: Int) -> (order: DateText.Order, isAmbiguous: Bool)? {
        let fitting = DateText.Order.allCases.filter { readings[$0.rawValue].count == texts }
        guard let first = fitting.first else { return nil }
        return (first, fitting == [.month, .day])
    }
}

/// What a date becomes: its distance from the middle of the training data's, in days, and 0/1 features for the months, days
/// of the week and hours that differ there.
public struct DateParts: Codable, Sendable, Equatable {
    /// What the first of three numbers is: 0 the year, 1 the month, 2 the day.
    public var order: Int
    /// Days since 1970.
    public var middle: Int
    /// From 1, and from 0, Monday and midnight.
    public var months: [Int]
    public var weekdays: [Int]
    public var hours: [Int]

    init(_ reading: DateScan.Reading, order: DateText.Order) {
        func places(_ bits: Int) -> [Int] {
            let all = (0..<Int.bitWidth - 1).filter { bits >> $0 & 1 == 1 }
            return all.count > 1 ? all : []
        }
        self.order = order.rawValue
        middle = reading.days / max(1, reading.count)
        months = places(reading.months)
        weekdays = places(reading.weekdays)
        hours = places(reading.hours)
    }

    /// Whether a file's are those of a calendar.
    var isSound: Bool {
        func lie(_ places: [Int], in range: ClosedRange<Int>) -> Bool {
            places.count <= range.count && places.allSatisfy(range.contains)
        }
        return DateText.Order(rawValue: order) != nil && abs(middle) < 1 << 30 && lie(months, in: 1...12)
            && lie(weekdays, in: 0...6) && lie(hours, in: 0...23)
    }

    public var width: Int { 1 + months.count + weekdays.count + hours.count }

    /// Behind the name of the column; the first has none.
    public var names: [String] {
        [""] + months.map { " in " + DateText.months[$0 - 1].capitalised }
            + weekdays.map { " on " + DateText.weekdays[$0] }
            + hours.map { " at \($0) h" }
    }

    /// Feature and value of each that is not 0, ascending; nil: the text is no date.
    func entries(_ text: UnsafeBufferPointer<UInt8>) -> [(feature: Int, value: Double)]? {
        guard let order = DateText.Order(rawValue: order), let moments = DateText.parse(text),
            // A year that comes first can be mistaken for nothing.
            let moment = moments[order] ?? moments[.year]
        else { return nil }
        var entries = [(0, Double(moment.day - middle) + Double(moment.seconds) / 86_400)]
        var first = 1
        for (places, value) in [(months, moment.month), (weekdays, moment.weekday), (hours, moment.hour)] {
            if let place = places.firstIndex(of: value) { entries.append((first + place, 1)) }
            first += places.count
        }
        return entries
    }
}

extension String {
    fileprivate var capitalised: String { prefix(1).uppercased() + dropFirst() }
}
