import Kernels
import Testing

@Suite("Dropout masks are a function of seed, draw, layer, sample and unit") struct DropoutTests {
    private func mask(_ dropout: Dropout, _ positions: [Int], units: Int, with set: KernelSet = .current) -> [Float] {
        let x = Unaligned([Float](repeating: 1, count: positions.count * units))
        dropout.apply(
            rows: positions.count, units: units, stride: units, to: x.pointer, positions: positions, with: set)
        #expect(x.isGuarded)
        return x.values
    }

    @Test func theSameInEveryPartAndOnEveryInstructionSet() {
        let dropout = Dropout(seed: 4, draw: 9, layer: 2, rate: 0.3)
        for units in [1, 5, 16, 257] {
            let whole = mask(dropout, [17, 3, 1 << 40, 8], units: units)
            for set in KernelSet.available {
                #expect(mask(dropout, [17, 3, 1 << 40, 8], units: units, with: set) == whole)
            }
            #expect(mask(dropout, [3], units: units) == Array(whole[units..<2 * units]))
            #expect(mask(dropout, [8, 17], units: units) == Array(whole[3 * units..<4 * units] + whole[0..<units]))
        }
    }

    @Test func independentOfEachOther() {
        let units = 20_000
        let base = Dropout(seed: 1, draw: 1, layer: 1, rate: 0.5)
        let masks = [
            mask(base, [0], units: units), mask(base, [1], units: units),
            mask(Dropout(seed: 2, draw: 1, layer: 1, rate: 0.5), [0], units: units),
            mask(Dropout(seed: 1, draw: 2, layer: 1, rate: 0.5), [0], units: units),
            mask(Dropout(seed: 1, draw: 1, layer: 2, rate: 0.5), [0], units: units),
        ]
        for (a, first) in masks.enumerated() {
            let kept = first.count { $0 != 0 }
            // Six standard deviations of 20,000 throws of a coin: 424.
            #expect(abs(kept - units / 2) < 424)
            #expect(first.allSatisfy { $0 == 0 || $0 == 2 })
            for second in masks[(a + 1)...] {
                #expect(abs(zip(first, second).count { $0 == $1 } - units / 2) < 424)
            }
            #expect(abs(zip(first, first.dropFirst()).count { $0 == $1 } - units / 2) < 424)
        }
    }

    @Test(arguments: [0, 0.1, 0.5, 0.9])
    func keepsTheMean(rate: Double) {
        let units = 50_000
        let values = mask(Dropout(seed: 7, draw: 0, layer: 0, rate: rate), [5], units: units)
        let mean = values.reduce(0.0) { $0 + Double($1) } / Double(units)
        // Six standard deviations of the mean.
        #expect(abs(mean - 1) <= 6 * (rate / (1 - rate) / Double(units)).squareRoot() + 1e-6)
    }
}
