/// Dates and times as pandas, R, Excel and databases write them, on the calendar and clock of their place: 2013-01-31,
/// 2013-01-31T14:05:00Z, 2013-01-31 14:05:00.123+01:00, 1/31/2013 2:05 PM, 31.01.2013, 31-Jan-13, Jan 31, 2013.
enum DateText {
    /// What the first of three numbers is.
    enum Order: Int, Codable, CaseIterable, Sendable { case year, month, day }

    struct Moment: Equatable {
        /// Since 1970-01-01.
        var day: Int
        /// Of the day.
        var seconds: Int

        /// From 1.
        var month: Int { DateText.civil(day).month }
        /// 0 is Monday.
        var weekday: Int { (day % 7 + 10) % 7 }
        var hour: Int { seconds / 3600 }
    }

    /// The moment that a text names in each order in which it names one: a name of a month leaves no doubt.
    struct Moments {
        var year: Moment?
        var month: Moment?
        var day: Moment?

        subscript(order: Order) -> Moment? {
            switch order {
            case .year: year
            case .month: month
            case .day: day
            }
        }
    }

    /// Nil: the text is no date.
    static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Moments? {
        // 1/1/13 to 31 September 2013 14:05:00.123456789 +01:00.
        guard text.count >= 6, text.count <= 48 else { return nil }
        var scan = Scan(text)
        guard let parts = scan.parts(), let seconds = scan.time(), scan.isAtEnd else { return nil }
        func moment(_ year: Int, _ month: Int, _ day: Int) -> Moment? {
            days(year, month, day).map { Moment(day: $0, seconds: seconds) }
        }
        var found = Moments()
        switch parts {
        case .yearFirst(let year, let month, let day): found.year = moment(year, month, day)
        case .yearLast(let first, let second, let year, let isDotted):
            if !isDotted { found.month = moment(year, first, second) }
            found.day = moment(year, second, first)
        case .named(let year, let month, let day):
            let only = moment(year, month, day)
            found = Moments(year: only, month: only, day: only)
        }
        return found.year == nil && found.month == nil && found.day == nil ? nil : found
    }

    /// Days since 1970-01-01 in the Gregorian calendar; nil: there is no such day.
    static func days(_ year: Int, _ month: Int, _ day: Int) -> Int? {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length = month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
        guard day <= length else { return nil }
        // A year that begins in March has its leap day at its end.
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }

    /// Inverse of `days`.
    static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let part = (5 * ofYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        return (400 * era + year + (month <= 2 ? 1 : 0), month, ofYear - (153 * part + 2) / 5 + 1)
    }

    private enum Parts {
        case yearFirst(Int, Int, Int)
        case yearLast(Int, Int, Int, isDotted: Bool)
        /// Year, month, day.
        case named(Int, Int, Int)
    }

    private struct Scan {
        let bytes: UnsafeBufferPointer<UInt8>
        var place = 0

        init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

        var isAtEnd: Bool { place == bytes.count }
        private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

        @inline(__always)
        private mutating func take(_ a: Unicode.Scalar, _ b: Unicode.Scalar? = nil, _ c: Unicode.Scalar? = nil) -> Bool
        {
            guard let byte = next else { return false }
            let scalar = Unicode.Scalar(byte)
            guard scalar == a || scalar == b || scalar == c else { return false }
            place += 1
            return true
        }

        /// Up to `most` digits.
        private mutating func number(_ most: Int) -> (value: Int, digits: Int)? {
            var value = 0
            let start = place
            while let byte = next, byte &- 0x30 < 10, place - start < most {
                value = 10 * value + Int(byte - 0x30)
                place += 1
            }
            return place > start ? (value, place - start) : nil
        }

        /// jan … dec, or the whole name.
        private mutating func month() -> Int? {
            let start = place
            while let byte = next, byte | 0x20 &- 0x61 < 26 { place += 1 }
            guard place - start >= 3, place - start <= 9 else { return nil }
            let key = (0..<3).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[start + $1] | 0x20) }
            guard let month = DateText.monthKeys.firstIndex(of: key) else { return nil }
            let name = DateText.months[month].utf8
            guard place - start == 3 || place - start == name.count else { return nil }
            return zip(name, bytes[start..<place]).allSatisfy { $0 == $1 | 0x20 } ? month + 1 : nil
        }

        /// As POSIX reads two digits.
        private func year(_ found: (value: Int, digits: Int)) -> Int? {
            switch found.digits {
            case 4: found.value
            case 2: found.value + (found.value < 69 ? 2000 : 1900)
            default: nil
            }
        }

        mutating func parts() -> Parts? {
            guard let first = number(4) else {
                // Jan 31, 2013
                guard let month = month(), take(" ", ".") else { return nil }
                _ = take(" ")
                guard let day = number(2), take(",", " ") else { return nil }
                _ = take(" ")
                guard let last = number(4), let year = year(last) else { return nil }
                return .named(year, month, day.value)
            }
            guard let separator = next, take("-", "/", ".") || take(" ") else { return nil }
            let same = Unicode.Scalar(separator)
            if let byte = next, byte | 0x20 &- 0x61 < 26 {
                // 31-Jan-2013
                guard first.digits <= 2, let month = month(), take(same), let last = number(4), let year = year(last)
                else { return nil }
                return .named(year, month, first.value)
            }
            guard separator != 0x20, let second = number(2), take(same), let third = number(4) else { return nil }
            if first.digits == 4 {
                return third.digits <= 2 ? .yearFirst(first.value, second.value, third.value) : nil
            }
            guard first.digits <= 2, let year = year(third) else { return nil }
            return .yearLast(first.value, second.value, year, isDotted: separator == 0x2E)
        }

        /// Seconds of the day; 0 where there is no time. Nil: what follows is none.
        mutating func time() -> Int? {
            guard !isAtEnd else { return 0 }
            guard take("T", "t", " ") else { return nil }
            guard let hours = number(2), take(":"), let minutes = number(2), minutes.digits == 2, minutes.value < 60
            else { return nil }
            var seconds = 0
            if take(":") {
                guard let found = number(2), found.digits == 2, found.value <= 60 else { return nil }
                seconds = min(found.value, 59)
                if take(".", ",") { guard number(9) != nil else { return nil } }
            }
            var hour = hours.value
            let beforeHalf = place
            _ = take(" ")
            if let half = next, [0x61, 0x70].contains(half | 0x20) {
                place += 1
                guard take("m", "M"), (1...12).contains(hour) else { return nil }
                hour = hour % 12 + (half | 0x20 == 0x70 ? 12 : 0)
            } else {
                place = beforeHalf
            }
            guard hour < 24, zone() else { return nil }
            return 3600 * hour + 60 * minutes.value + seconds
        }

        /// Z, +01, +0100, +01:00, UTC: passed over, for the clock of the place says what hour it is.
        private mutating func zone() -> Bool {
            if isAtEnd || take("Z", "z") { return true }
            _ = take(" ")
            if bytes[place...].elementsEqual("UTC".utf8) || bytes[place...].elementsEqual("GMT".utf8) {
                place = bytes.count
                return true
            }
            guard take("+", "-"), let hours = number(2), hours.digits == 2 else { return false }
            _ = take(":")
            return isAtEnd || number(2)?.digits == 2
        }
    }

    static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]
    private static let monthKeys = months.map { $0.utf8.prefix(3).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
    static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
}
