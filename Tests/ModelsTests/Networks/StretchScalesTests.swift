import Kernels
import Testing

@testable import Models

/// Units follow the sizes of gradients, from whatever they were before.
@Suite struct StretchScalesTests {
    /// Attempts until sums over `count` rows of about `mean` each are good.
    private func attempts(_ scales: inout StretchScales, _ mean: Double, count: Int) -> Int {
        for attempt in 0... {
            let grid = scales.grids(count: count)[0]
            // What does not fit is only known to be at least the limit, what is small is rounded up to the grid.
            let size = min(Double(count) * grid.roundUp(mean), 2 * grid.limit)
            if scales.accept([size], count: count, attempt: attempt) { return attempt }
        }
        return .max
    }

    @Test(arguments: [1e-20, 1e-6, 0.3, 1, 700, 1e9, 1e25])
    func fitAfterFewAttempts(mean: Double) {
        for before in [1e-20, 1, 1e25] {
            var scales = StretchScales(count: 1)
            _ = attempts(&scales, before, count: 64)
            let needed = attempts(&scales, mean, count: 64)
            #expect(needed <= 9)
            let grid = scales.grids(count: 1000)[0]
            // Room for a batch with eight times as much, and no more than four bits that nobody needs.
            let ofMore = attempts(&scales, 4 * mean, count: 1000)
            #expect(ofMore == 0)
            #expect(mean * 1000 * 8 <= grid.limit && grid.limit <= mean * 1000 * 64)
        }
    }

    @Test func whatIsNoNumberOrNothingChangesNothing() {
        var scales = StretchScales(count: 3)
        let before = scales.grids(count: 10)
        let isGood = scales.accept([.nan, .infinity, 0], count: 10, attempt: 0)
        #expect(isGood)
        #expect(scales.grids(count: 10) == before)
    }

    /// Beyond all units there is an end to it, too.
    @Test func thereIsAnEnd() {
        var scales = StretchScales(count: 1)
        let needed = attempts(&scales, 1e300, count: 64)
        #expect(needed < 20)
        #expect(scales.grids(count: 64)[0].limit < 64e300)
    }
}
