import Datasets
import TestSupport
import Testing

/// Beside `description`, whose bytes they are.
@Suite struct NumberTextTests {
    private func text(_ write: (UnsafeMutablePointer<UInt8>) -> Int) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.longest) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            return String(decoding: buffer[..<write(start)], as: UTF8.self)
        }
    }

    @Test func floats() {
        var random = SampleData(seed: 1)
        let values: [Float] =
            [0, -0, 1, 0.5, 1e-4, 9.9e-5, 0x1p24, 0x1.000002p24, .nan, .infinity, -.infinity]
            + [Float.leastNonzeroMagnitude, -Float.greatestFiniteMagnitude]
            + (0..<2000).map { _ in Float(random.next()) }
        for value in values { #expect(text { NumberText.write(value, to: $0) } == value.description) }
    }

    @Test(arguments: [1e-30, 1e-16, 1e-6, 0.37, 1, 43.7, 1e5, 1e9, 1e15, 1e40])
    func roundedDoubles(scale: Double) {
        let steps = DecimalSteps(scale: scale)
        var random = SampleData(seed: 2)
        var values: [Double] = [0, -0, 1, -1, 100, 0.1, 1e-4, -1e-4, 9.9e-5, 1e15, 0x1p54, .nan, -.infinity]
        for power in -12...6 {
            for _ in 0..<200 {
                values.append(
                    steps.rounded(
                        scale * random.next()
                            * (0..<power.magnitude).reduce(1.0) { size, _ in
                                power < 0 ? size / 10 : size * 10
                            }))
            }
        }
        values += (0..<200).map { _ in scale * random.next() }
        for value in values { #expect(text { NumberText.write(value, steps: steps, to: $0) } == value.description) }
    }

    /// Beside the same by hand: whole steps, of which 10^8 to 10^9 make the scale.
    @Test func steps() {
        #expect(DecimalSteps(scale: 1).rounded(0.123_456_789_4) == 0.123_456_79)
        #expect(DecimalSteps(scale: 43.7).rounded(117.123_456_789_4) == 117.123_456_8)
        #expect(DecimalSteps(scale: 2e10).rounded(1_234_567_890_123.4) == 1_234_567_890_100)
        #expect(DecimalSteps(scale: 1).rounded(.infinity) == .infinity)
    }
}
