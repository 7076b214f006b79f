import Glibc
import Testing

@testable import Datasets

@Suite struct NumberParserTests {
    /// The parsed value and how many bytes it took.
    static func parse(_ text: String) -> (Double, Int)? {
        (Array(text.utf8) + [0x0A] + [UInt8](repeating: 0x31, count: 8)).withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return nil }
            var cursor = start
            return NumberParser.parse(&cursor).map { ($0, cursor - start) }
        }
    }

    /// The same, of what is short.
    static func short(_ text: String) -> (Double, Int)? {
        (Array(text.utf8) + [0x0A] + [UInt8](repeating: 0x31, count: 8)).withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return nil }
            var cursor = start
            return NumberParser.short(&cursor).map { ($0, cursor - start) }
        }
    }

    static func agrees(_ text: String) -> Bool {
        guard let (value, length) = parse(text) else { return false }
        if let (short, end) = short(text), end == length, short.bitPattern != value.bitPattern { return false }
        return length == text.utf8.count && value.bitPattern == strtod(text, nil).bitPattern
    }

    @Test(arguments: [
        "0", "-0", "+0.0", "1", "-1", ".5", "5.", "-.5e1", "1e22", "1e23", "123456789012345678", "9007199254740993",
        "9007199254740992.5", "9007199254740993.00000000000000000001", "1.7976931348623157e308",
        "1.7976931348623159e308",
        "4.9e-324", "2.4e-324", "2.2250738585072011e-308", "2.2250738585072014e-308", "1e400", "-1e400", "1e-400",
        "0.000000000000000000000000000000123456789012345678", "0e999999999", "00000000000000000000000000001.5",
        "179769313486231580793728971405301e-20", "5708990770823839207320493820740630171355185151999e-3",
        "18446744073709551615", "18446744073709551616", "0.1000000000000000055511151231257827021181583404541015625",
        "1e-64", "1e-65", "1e63", "1e64", "3e55", "7e-27", "9223372036854775807e-5", "0.00000", "1E5", "1e+5",
    ])
    func agreesWithStrtod(text: String) { #expect(Self.agrees(text), "\(text)") }

    @Test func agreesWithStrtodOnRandomNumbers() {
        var generator = TestGenerator(state: 11)
        for _ in 0..<20_000 {
            let bits = Double(bitPattern: generator.next())
            if bits.isFinite { #expect(Self.agrees("\(bits)"), "\(bits)") }
            let unit = Double.random(in: -1...1, using: &generator)
            #expect(Self.agrees("\(unit)"), "\(unit)")
            let digits = (0..<Int.random(in: 1...25, using: &generator)).map { _ in
                String(Int.random(in: 0...9, using: &generator))
            }
            let point = Int.random(in: 0...digits.count, using: &generator)
            let exponent = Int.random(in: -80...80, using: &generator)
            let text = digits[..<point].joined() + "." + digits[point...].joined() + "e\(exponent)"
            #expect(Self.agrees(text), "\(text)")
        }
    }

    /// Decimals that lie exactly half-way between two doubles, and their neighbours: the hard cases of rounding.
    @Test func roundsHalfWayCasesToEven() {
        var generator = TestGenerator(state: 5)
        for _ in 0..<2_000 {
            let odd = UInt64.random(in: 1 << 53..<1 << 54, using: &generator) | 1
            for text in ["\(odd)", "\(odd).0", "\(odd).000000001", "\(odd - 1).99999999", "\(odd)e-3", "\(odd)e3"] {
                #expect(Self.agrees(text), "\(text)")
            }
        }
    }

    @Test(arguments: ["", "-", "+", ".", "e5", "-.", "1e", "1e+", "nan", "inf", "--1", "+-1", " 1"])
    func refuses(text: String) { #expect(Self.parse(text) == nil) }

    @Test(arguments: [("1.5:2", 3), ("12abc", 2), ("0x10", 1), ("1.2.3", 3), ("5 6", 1), ("7,8", 1)])
    func stopsAfterTheNumber(text: String, length: Int) { #expect(Self.parse(text)?.1 == length) }
}
