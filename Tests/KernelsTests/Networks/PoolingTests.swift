import Kernels
import Testing

@Suite("Pooling beside loops over every place") struct PoolingTests {
    /// The positions under a place, in the order of reading.
    private func positions(_ w: WindowShape, _ place: Int) -> [Int] {
        let (row, column) = (place / w.outWidth, place % w.outWidth)
        var found: [Int] = []
        for i in 0..<w.kernel.height {
            for j in 0..<w.kernel.width {
                let (a, b) = (
                    row * w.stride.height - w.padding.height + i, column * w.stride.width - w.padding.width + j
                )
                if (0..<w.height).contains(a) && (0..<w.width).contains(b) { found.append(a * w.width + b) }
            }
        }
        return found
    }

    @Test(arguments: instructionSets, windows)
    func maximum(name: String, window w: WindowShape) {
        let set = kernels(named: name)
        let (samples, channels, size) = (2, 3, w.height * w.width)
        var random = Generator(state: 8)
        // Small integers: there are equals among them.
        let values = (0..<samples * channels * size).map { _ in Float(Int.random(in: -3...3, using: &random)) }
        let deltas = random.floats(samples * channels * w.places)
        for source in [(sample: channels * size, channel: size), (sample: size, channel: samples * size)] {
            let (x, y) = (Unaligned(values), Unaligned(count: deltas.count))
            let dx = Unaligned(count: values.count)
            var index = [Int32](repeating: -1, count: deltas.count)
            Pooling.max(
                w, samples: samples, channels: channels, x.pointer, source: source, into: y.pointer, index: &index,
                with: set)
            Pooling.maxBackward(
                w, samples: samples, channels: channels, delta: deltas, index: index, into: dx.pointer, target: source,
                with: set)
            var expected = [Double](repeating: 0, count: values.count)
            for s in 0..<samples {
                for c in 0..<channels {
                    let base = s * source.sample + c * source.channel
                    for place in 0..<w.places {
                        let at = (s * channels + c) * w.places + place
                        var best = -1
                        for p in positions(w, place) where best < 0 || values[base + p] > values[base + best] {
                            best = p
                        }
                        #expect(y.pointer[at] == values[base + best])
                        #expect(index[at] == Int32(best))
                        expected[base + best] += Double(deltas[at])
                    }
                }
            }
            #expect(close(dx.values, expected, 1e-6) && dx.isGuarded && y.isGuarded)
            let again = Unaligned(count: deltas.count)
            Pooling.max(
                w, samples: samples, channels: channels, x.pointer, source: source, into: again.pointer, index: nil,
                with: set)
            #expect(again.values == y.values)
        }
    }

    @Test(arguments: instructionSets, windows)
    func mean(name: String, window w: WindowShape) {
        let set = kernels(named: name)
        let (planes, size) = (3, w.height * w.width)
        var random = Generator(state: 9)
        let (values, deltas) = (random.floats(planes * size), random.floats(planes * w.places))
        let (y, dx) = (Unaligned(count: deltas.count), Unaligned(count: values.count))
        Pooling.average(w, planes: planes, Unaligned(values).pointer, into: y.pointer, with: set)
        Pooling.averageBackward(w, planes: planes, delta: deltas, into: dx.pointer, with: set)
        var expected = [Double](repeating: 0, count: deltas.count)
        var expectedBack = [Double](repeating: 0, count: values.count)
        for k in 0..<planes {
            for place in 0..<w.places {
                let under = positions(w, place)
                for p in under {
                    expected[k * w.places + place] += Double(values[k * size + p]) / Double(under.count)
                    expectedBack[k * size + p] += Double(deltas[k * w.places + place]) / Double(under.count)
                }
            }
        }
        #expect(close(y.values, expected, 1e-6) && close(dx.values, expectedBack, 1e-6))
        #expect(y.isGuarded && dx.isGuarded)
    }

    @Test(arguments: instructionSets, windows)
    func whatIsNotANumberWins(name: String, window w: WindowShape) {
        var values = [Float](repeating: 1, count: w.height * w.width)
        let place = w.places / 2
        let under = positions(w, place)
        values[under[under.count / 2]] = .nan
        var y = [Float](repeating: 0, count: w.places)
        Pooling.max(
            w, samples: 1, channels: 1, values, source: (values.count, values.count), into: &y, index: nil,
            with: kernels(named: name))
        #expect(y[place].isNaN)
    }

    @Test func windowsThatCannotBe() {
        #expect(WindowShape(height: 3, width: 3, kernel: (4, 4)) == nil)
        #expect(WindowShape(height: 3, width: 3, kernel: (2, 2), padding: (2, 2)) == nil)
        #expect(WindowShape(height: 3, width: 3, kernel: (2, 2), stride: (0, 1)) == nil)
        #expect(WindowShape(height: 0, width: 3, kernel: (1, 1)) == nil)
    }
}
