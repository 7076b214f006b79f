import Testing

@testable import Platform

@Suite struct NumberFormatTests {
    @Test(arguments: [
        (0.4567, 2, "0.46"), (-0.004, 2, "0.00"), (12.5, 0, "13"), (1e20, 2, "1e+20"), (0, 3, "0.000"),
        (-1.25, 1, "-1.3"), (.nan, 1, "nan"), (-.infinity, 1, "-inf"),
    ])
    func fixedPlaces(_ value: Double, _ digits: Int, _ text: String) {
        #expect(NumberFormat.fixed(value, digits) == text)
    }

    @Test(arguments: [
        (0.00123456, 3, "0.00123"), (123456.0, 3, "123000"), (1.0, 4, "1"), (0.99999, 3, "1"), (9.9951e9, 3, "1e+10"),
        (3.14159e-7, 2, "3.1e-07"), (-2.5e-300, 2, "-2.5e-300"), (0, 3, "0"), (12.34, 3, "12.3"),
        (1_234_567, 7, "1234567"),
        (100, 2, "100"), (.infinity, 3, "inf"), (2.5e-308, 2, "2.5e-308"),
    ])
    func significantDigits(_ value: Double, _ digits: Int, _ text: String) {
        #expect(NumberFormat.significant(value, digits) == text)
    }

    @Test func significantDigitsKeepTheValue() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let value = Double.random(in: -1...1, using: &generator) * [1e-12, 1e-3, 1, 1e5, 1e15].randomElement()!
            let back = Double(NumberFormat.significant(value, 6)) ?? .nan
            #expect(abs(back - value) <= 5.1e-6 * abs(value))
        }
    }

    @Test func namesOfAmounts() {
        #expect(NumberFormat.count(581_012) == "581,012")
        #expect(NumberFormat.count(-1000) == "-1,000")
        #expect(NumberFormat.count(12) == "12")
        #expect(NumberFormat.compact(1234) == "1.23k")
        #expect(NumberFormat.compact(12_345_678) == "12.3M")
        #expect(NumberFormat.compact(999.96) == "1k")
        #expect(NumberFormat.bytes(1_200_000_000) == "1.2 GB")
        #expect(NumberFormat.bytes(512) == "512 B")
        #expect(NumberFormat.percent(0.123) == "12 %")
        #expect(NumberFormat.percent(0.0123) == "1.2 %")
        #expect(NumberFormat.percent(0) == "0 %")
    }

    @Test func moneyAndCoreTime() {
        #expect(NumberFormat.money(0) == "0.00")
        #expect(NumberFormat.money(9.5e-6) == "under 0.01")
        #expect(NumberFormat.money(3.456) == "3.46")
        #expect(NumberFormat.money(1234.4) == "1234")
        #expect(NumberFormat.coreTime(hours: 3.2e-6) == "0.012 core-seconds")
        #expect(NumberFormat.coreTime(hours: 1.2e-7) == "under 0.01 core-seconds")
        #expect(NumberFormat.coreTime(hours: 0.00012) == "0.43 core-seconds")
        #expect(NumberFormat.coreTime(hours: 0.09) == "5.4 core-minutes")
        #expect(NumberFormat.coreTime(hours: 1.26) == "1.3 core-hours")
        #expect(NumberFormat.coreTime(hours: 23.95) == "1 core-day")
        #expect(NumberFormat.coreTime(hours: 24 * 1234) == "1234 core-days")
    }

    @Test(arguments: [
        (0.0123, "12 ms"), (0.9999, "1.0 s"), (9.99, "10 s"), (59.6, "1 min 00 s"), (61, "1 min 01 s"),
        (7265, "2 h 01 min"), (45, "45 s"),
    ])
    func durations(_ seconds: Double, _ text: String) {
        #expect(NumberFormat.duration(seconds) == text)
    }
}
