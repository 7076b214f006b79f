import Kernels
import Testing

@Suite("Convolution place by place, pooled, and back, beside loops in Double") struct PatchTests {
    /// A window of the convolution with a window over its places.
    static let cases: [(WindowShape, WindowShape)] = [
        (WindowShape(height: 9, width: 9, kernel: (1, 1)), 2, 2),
        (WindowShape(height: 8, width: 10, kernel: (5, 5)), 2, 2),
        (WindowShape(height: 8, width: 8, kernel: (5, 5), padding: (2, 2)), 2, 2),
        (WindowShape(height: 7, width: 9, kernel: (3, 4), stride: (2, 1), padding: (1, 2)), 3, 2),
        (WindowShape(height: 10, width: 11, kernel: (2, 9), padding: (1, 3)), 2, 2),
        (WindowShape(height: 12, width: 12, kernel: (3, 3)), 3, 1),
    ].compactMap { window, size, step in
        guard let window,
            let pooling = WindowShape(
                height: window.outHeight, width: window.outWidth, kernel: (size, size), stride: (step, step))
        else { return nil }
        return (window, pooling)
    }

    @Test(arguments: instructionSets, cases)
    func forwardAndBackward(name: String, window: (places: WindowShape, pooling: WindowShape)) {
        let set = kernels(named: name)
        let (w, pooling) = (window.places, window.pooling)
        for (channels, filters) in [(1, 1), (1, 20), (3, 16), (2, 50), (5, 70)] {
            let patches = Patches(w, channels: channels, filters: filters)
            var random = Generator(state: UInt64(filters))
            let x = random.floats(channels * w.height * w.width)
            let weights = random.floats(filters * patches.length)
            let bias = random.floats(filters)
            // About half of the gradient is zero, as behind a rectifier.
            let delta = random.floats(filters * pooling.places).map { $0 < 0 ? 0 : $0 }

            // The matrix of the convolution, tested by itself.
            var columns = [Float](repeating: 0, count: patches.length * w.places)
            Convolution.columns(w, channels: channels, x, into: &columns, stride: w.places, with: set)
            var product = [Double](repeating: 0, count: filters * w.places)
            for f in 0..<filters {
                for place in 0..<w.places {
                    product[f * w.places + place] = (0..<patches.length).reduce(Double(bias[f])) {
                        $0 + Double(weights[f * patches.length + $1]) * Double(columns[$1 * w.places + place])
                    }
                }
            }

            let (scratch, cut) = (Unaligned(count: patches.scratchCount), Unaligned(count: patches.count))
            let packed = Unaligned(count: patches.length * patches.filterStride)
            let rows = Unaligned(count: w.places * patches.filterStride)
            let y = Unaligned(count: filters * pooling.places)
            var index = [Int32](repeating: -1, count: filters * pooling.places)
            patches.cut(Unaligned(x).pointer, scratch: scratch.pointer, into: cut.pointer, with: set)
            patches.pack(weights, into: packed.pointer, with: set)
            patches.product(cut.pointer, packed: packed.pointer, into: rows.pointer, with: set)
            patches.pool(rows.pointer, by: pooling, bias: bias, into: y.pointer, index: &index, with: set)
            #expect(scratch.isGuarded && cut.isGuarded && packed.isGuarded && rows.isGuarded && y.isGuarded)

            var (expected, chosen) = ([Double](), [Double]())
            for f in 0..<filters {
                for place in 0..<pooling.places {
                    let (a, b) = (place / pooling.outWidth, place % pooling.outWidth)
                    var best = -Double.infinity
                    for i in 0..<pooling.kernel.height {
                        for j in 0..<pooling.kernel.width {
                            let at = (a * pooling.stride.height + i) * w.outWidth + b * pooling.stride.width + j
                            best = max(best, product[f * w.places + at])
                        }
                    }
                    expected.append(best)
                    chosen.append(product[f * w.places + Int(index[f * pooling.places + place])])
                }
            }
            #expect(close(y.values, expected, 1e-5) && close(y.values, chosen, 1e-5))

            // Back: δ scattered to the chosen places, then products with the columns and the weights.
            var scattered = [Double](repeating: 0, count: filters * w.places)
            for f in 0..<filters {
                for place in 0..<pooling.places {
                    let at = f * pooling.places + place
                    scattered[f * w.places + Int(index[at])] += Double(delta[at])
                }
            }
            var gradient = [Double](repeating: 0, count: filters * patches.length)
            var columnGradient = [Float](repeating: 0, count: patches.length * w.places)
            for k in 0..<patches.length {
                for f in 0..<filters {
                    let value = (0..<w.places).reduce(0.0) {
                        $0 + scattered[f * w.places + $1] * Double(columns[k * w.places + $1])
                    }
                    gradient[f * patches.length + k] = value
                }
                for place in 0..<w.places {
                    columnGradient[k * w.places + place] = Float(
                        (0..<filters).reduce(0.0) {
                            $0 + scattered[$1 * w.places + place] * Double(weights[$1 * patches.length + k])
                        })
                }
            }
            var imageGradient = [Float](repeating: 0, count: x.count)
            Convolution.addColumns(
                w, channels: channels, columnGradient, stride: w.places, to: &imageGradient, with: set)

            let memory = Unaligned(
                count: PooledLists.count(filters: filters, windows: pooling.places, places: w.places))
            let lists = PooledLists(
                filters: filters, windows: pooling.places, places: w.places, memory: memory.pointer)
            for byPlace in [false, true] {
                lists.fill(delta, index: index, byPlace: byPlace, with: set)
                let own = Unaligned([Float](repeating: .nan, count: gradient.count))
                patches.weightGradient(lists, patches: cut.pointer, into: own.pointer, with: set)
                #expect(close(own.values, gradient, 1e-5) && own.isGuarded && memory.isGuarded)
            }

            let padded = Unaligned(count: filters * patches.stride)
            for f in 0..<filters {
                for k in 0..<patches.length { padded.pointer[f * patches.stride + k] = weights[f * patches.length + k] }
            }
            let dx = Unaligned(count: x.count)
            patches.gradient(lists, weights: padded.pointer, into: cut.pointer, with: set)
            patches.paste(cut.pointer, scratch: scratch.pointer, into: dx.pointer, with: set)
            #expect(close(dx.values, imageGradient.map(Double.init), 2e-5))
            #expect(dx.isGuarded && cut.isGuarded && scratch.isGuarded)
        }
    }
}
