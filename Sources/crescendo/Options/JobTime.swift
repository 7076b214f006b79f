import ArgumentParser
import Platform

/// The time limit of a job: as sbatch takes it (90, 90:30, 1:30:00, 1-12, 1-12:30, 1-12:30:00, UNLIMITED) or with units
/// (90m, 2h, 1d12h). A plain number is minutes, as for sbatch.
struct JobTime: Equatable {
    /// For sbatch: whole minutes, rounded up, in a form that all its versions take.
    let text: String

    static let standard = JobTime(text: clock(minutes: 120))

    private init(text: String) { self.text = text }

    init(_ argument: String) throws {
        if ["UNLIMITED", "INFINITE"].contains(argument.uppercased()) {
            self.init(text: "UNLIMITED")
            return
        }
        let isSpan = argument.last?.isLetter == true
        let seconds = isSpan ? TimeSpan(argument: argument)?.seconds : JobTime.seconds(argument)
        // Slurm counts minutes in 32 bits.
        guard let seconds, seconds > 0, seconds < 60 * 0x7FFF_FFFF else {
            throw ValidationError(
                "expected a time above 0, as sbatch takes it (90 is minutes; 90:30, 1:30:00, 1-12, 1-12:30, 1-12:30:00, "
                    + "UNLIMITED) or with units (90m, 2h, 1d12h)")
        }
        self.init(text: JobTime.clock(minutes: Int((seconds / 60).rounded(.up))))
    }

    private static func clock(minutes: Int) -> String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let days = minutes / 1440
        return (days > 0 ? "\(days)-" : "") + "\(two(minutes / 60 % 24)):\(two(minutes % 60)):00"
    }

    /// minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes, days-hours:minutes:seconds.
    private static func seconds(_ text: String) -> Double? {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        func numbers(_ text: Substring) -> [Double]? {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { part -> Double? in
                part.allSatisfy { ("0"..."9").contains($0) } && part.count <= 10 ? Double(part) : nil
            }
            return parts.contains { $0 == nil } ? nil : parts.compactMap { $0 }
        }
        guard halves.count <= 2, let last = halves.last, let clock = numbers(last) else { return nil }
        guard halves.count == 2 else {
            switch clock.count {
            case 1: return clock[0] * 60
            case 2: return clock[0] * 60 + clock[1]
            case 3: return clock[0] * 3600 + clock[1] * 60 + clock[2]
            default: return nil
            }
        }
        guard let days = numbers(halves[0]), days.count == 1, clock.count <= 3 else { return nil }
        return zip(clock, [3600.0, 60, 1]).reduce(days[0] * 86_400) { $0 + $1.0 * $1.1 }
    }
}
