import ArgumentParser
import Platform
import Runs

/// One of a few words. The parser asks for them all at every start: here without key paths.
protocol WordOption: ExpressibleByArgument, CaseIterable, RawRepresentable where RawValue == String {}

extension WordOption {
    public static var allValueStrings: [String] { allCases.map { $0.rawValue } }
    public static var allValueDescriptions: [String: String] { [:] }
}

/// A span of time as schedulers and people write it: 90, 90s, 30m, 2h, 1h30m, 30:00, HH:MM:SS, D-HH:MM:SS.
struct TimeSpan: ExpressibleByArgument, Equatable {
    /// Thirty thousand years: more is a slip, and beyond what clocks count with.
    static let longest = 1e12

    var seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    init?(argument: String) {
        guard let seconds = argument.contains(":") ? TimeSpan.clock(argument) : TimeSpan.units(argument),
            seconds > 0, seconds <= TimeSpan.longest
        else { return nil }
        self.seconds = seconds
    }

    private static func clock(_ text: String) -> Double? {
        let days = text.split(separator: "-", omittingEmptySubsequences: false)
        guard days.count <= 2, let last = days.last else { return nil }
        var seconds = 0.0
        let parts = last.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        for part in parts {
            guard let value = Int(part), value >= 0, part.count <= 4, !part.hasPrefix("+") else { return nil }
            seconds = seconds * 60 + Double(value)
        }
        if days.count == 2 {
            guard parts.count == 3, let value = Int(days[0]), value >= 0 else { return nil }
            seconds += Double(value) * 86_400
        }
        return seconds
    }

    private static func units(_ text: String) -> Double? {
        if let value = Double(text), text.allSatisfy({ $0.isNumber || $0 == "." || $0 == "e" }) { return value }
        var seconds = 0.0
        var number = ""
        var smallest = Double.infinity
        for character in text {
            if character.isNumber || character == "." {
                number.append(character)
                continue
            }
            let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
            guard let unit = units[character], unit < smallest, let value = Double(number) else { return nil }
            seconds += value * unit
            smallest = unit
            number = ""
        }
        return number.isEmpty && smallest.isFinite ? seconds : nil
    }
}

/// `--stall-timeout`: a span of time, or 0 to wait for ever.
struct StallTimeout: ExpressibleByArgument, Equatable {
    var seconds: Double

    init?(argument: String) {
        guard let seconds = argument == "0" ? 0 : TimeSpan(argument: argument)?.seconds else { return nil }
        self.seconds = seconds
    }
}

/// `--checkpoint-every`: a span of time, or 0 for none but the last.
struct CheckpointInterval: ExpressibleByArgument, Equatable {
    private let seconds: Double

    var interval: SnapshotInterval { seconds > 0 ? .fixed(seconds) : .never }

    init?(argument: String) {
        guard let seconds = argument == "0" ? 0 : TimeSpan(argument: argument)?.seconds else { return nil }
        self.seconds = seconds
    }
}

/// `--resume`.
enum ResumeChoice: String, WordOption {
    case auto, never
}

/// A moment of the local clock, as squeue writes it: 2025-01-31T14:25:01. Or @1738333501, seconds since 1970: the same
/// everywhere, and twice a year the only way to be clear.
struct Moment: ExpressibleByArgument, Equatable {
    /// Since 1970.
    var seconds: Double

    init?(argument: String) {
        if argument.hasPrefix("@") {
            guard let seconds = Int(argument.dropFirst()), seconds > 0 else { return nil }
            self.seconds = Double(seconds)
            return
        }
        let numbers = argument.split(omittingEmptySubsequences: false) { "-T:".contains($0) }.compactMap { Int32($0) }
        var parts = tm()
        guard numbers.count == 6, argument.count == 19, numbers.allSatisfy({ $0 >= 0 }) else { return nil }
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
        // Whether it is summer there is for the system to know.
        parts.tm_isdst = -1
        let time = mktime(&parts)
        // The 30th of February would be a day of March.
        let isDay = parts.tm_year == numbers[0] - 1900 && parts.tm_mon == numbers[1] - 1 && parts.tm_mday == numbers[2]
        guard time > 0, isDay, numbers[3] < 24, numbers[4] < 60, numbers[5] < 61 else { return nil }
        seconds = Double(time)
    }
}

/// An amount of memory: 4GB, 512M, 1.5G, or plain bytes. Decimal units; with an i (4GiB) powers of 1024.
struct ByteCount: ExpressibleByArgument, Equatable {
    var bytes: Int

    init?(argument: String) {
        var number = argument.uppercased()
        if number.hasSuffix("B") { number.removeLast() }
        let base = number.hasSuffix("I") ? 1024.0 : 1000.0
        if number.hasSuffix("I") { number.removeLast() }
        var scale = 1.0
        if let suffix = number.last, let power = ["K": 1, "M": 2, "G": 3, "T": 4][suffix] {
            for _ in 0..<power { scale *= base }
            number.removeLast()
        }
        guard number.allSatisfy({ $0.isNumber || $0 == "." }), let value = Double(number) else { return nil }
        let bytes = value * scale
        guard bytes >= 1, bytes < 1e18 else { return nil }
        self.bytes = Int(bytes)
    }
}

/// A number that an option takes, with the range it must lie in.
struct NumberRange: Sendable {
    var isAllowed: @Sendable (Double) -> Bool
    var words: String

    static let any = NumberRange(isAllowed: { _ in true }, words: "a number")
    static let positive = NumberRange(isAllowed: { $0 > 0 }, words: "a number above 0")
    static let nonNegative = NumberRange(isAllowed: { $0 >= 0 }, words: "a number, 0 or above")
    static let upToOne = NumberRange(isAllowed: { $0 > 0 && $0 <= 1 }, words: "a number above 0, at most 1")
    static let upToHalf = NumberRange(isAllowed: { $0 > 0 && $0 <= 0.5 }, words: "a number above 0, at most 0.5")
    static let share = NumberRange(isAllowed: { $0 >= 0 && $0 < 1 }, words: "a number, 0 or above, below 1")
    static let fraction = NumberRange(
        isAllowed: { $0 >= 0 && $0 < 1 }, words: "a fraction of the rows: 0 or above, below 1 (0.1 is a tenth)")

    var parse: @Sendable (String) throws -> Double {
        { text in
            guard let value = Double(text), value.isFinite, isAllowed(value) else {
                throw ValidationError("expected \(words)")
            }
            return value
        }
    }
}

/// A whole number that an option takes, with its least value. Beyond the greatest, products of a few overflow.
func parseCount(atLeast least: Int, atMost most: Int = 1_000_000_000_000) -> @Sendable (String) throws -> Int {
    { text in
        guard let value = Int(text), value >= least else {
            throw ValidationError("expected a whole number, \(least) or above")
        }
        guard value <= most else { throw ValidationError("expected a whole number, \(most) at most") }
        return value
    }
}

/// `--seed`.
let parseSeed: @Sendable (String) throws -> UInt64 = { text in
    guard let value = UInt64(text) else { throw ValidationError("expected a whole number, 0 or above") }
    return value
}
