import Kernels
import Testing

@Suite("Biases and sums over rows and channels") struct RowSumTests {
    @Test(arguments: instructionSets, [(1, 1), (2, 10), (3, 33), (65, 17), (130, 64), (3, 1500)])
    func rows(name: String, shape: (rows: Int, columns: Int)) {
        let set = kernels(named: name)
        let stride = shape.columns + 5
        var random = Generator(state: 3)
        let values = random.floats(shape.rows * stride)
        let bias = random.floats(shape.columns)
        for relu in [false, true] {
            let y = Unaligned(values)
            Bias.addToRows(
                rows: shape.rows, columns: shape.columns, stride: stride, bias, relu: relu, into: y.pointer, with: set)
            for i in 0..<shape.rows {
                for j in 0..<stride {
                    let old = values[i * stride + j]
                    let sum = j < shape.columns ? old + bias[j] : old
                    #expect(y.pointer[i * stride + j] == (relu && j < shape.columns ? max(sum, 0) : sum))
                }
            }
            #expect(y.isGuarded)
        }
        let x = Unaligned(values)
        var squares = [Double](repeating: 9, count: shape.rows)
        var largest = [Float](repeating: 9, count: shape.rows)
        Norms.ofRows(
            rows: shape.rows, columns: shape.columns, stride: stride, x.pointer, squares: &squares,
            largest: &largest, with: set)
        let rows = (0..<shape.rows).map { Array(values[$0 * stride..<$0 * stride + shape.columns]) }
        #expect(close(squares, rows.map { $0.reduce(0.0) { $0 + Double($1) * Double($1) } }, 1e-6))
        #expect(largest == rows.map { $0.map(abs).max() })
        x.pointer[shape.columns - 1] = .nan
        Norms.ofRows(
            rows: 1, columns: shape.columns, stride: stride, x.pointer, squares: &squares, largest: &largest, with: set)
        #expect(squares[0].isNaN && largest[0].isNaN)
        let weights = random.floats(shape.columns, 0...2)
        let weighted = Norms.squares(count: shape.columns, values, weights: weights, with: set)
        let expected = zip(rows[0], weights).reduce(0.0) { $0 + Double($1.0) * Double($1.0) * Double($1.1) }
        #expect(abs(weighted - expected) <= 1e-6 * expected)
    }

    @Test(arguments: instructionSets, [(1, 1, 1), (2, 3, 5), (3, 20, 64), (2, 2, 1100)])
    func channels(name: String, shape: (samples: Int, channels: Int, positions: Int)) {
        let set = kernels(named: name)
        let (samples, channels, positions) = shape
        var random = Generator(state: 4)
        let values = random.floats(samples * channels * positions)
        let bias = random.floats(channels)
        // Side by side, as a product leaves them, to one image after the other.
        let source = (sample: positions, channel: samples * positions)
        let target = (sample: channels * positions, channel: positions)
        for relu in [false, true] {
            let (x, y) = (Unaligned(values), Unaligned(count: values.count))
            Bias.addToChannels(
                samples: samples, channels: channels, positions: positions, x.pointer, source: source, bias: bias,
                relu: relu, into: y.pointer, target: target, with: set)
            for s in 0..<samples {
                for c in 0..<channels {
                    for p in 0..<positions {
                        let sum = values[s * source.sample + c * source.channel + p] + bias[c]
                        #expect(
                            y.pointer[s * target.sample + c * target.channel + p] == (relu ? max(sum, 0) : sum))
                    }
                }
            }
            #expect(y.isGuarded)
        }
        let sums = Unaligned(count: samples * channels)
        for s in 0..<samples {
            Bias.channelSums(
                channels: channels, positions: positions, Array(values[(s * channels * positions)...]),
                into: sums.pointer + s * channels, with: set)
        }
        let expected = (0..<samples * channels).map { plane in
            values[plane * positions..<(plane + 1) * positions].reduce(0.0) { $0 + Double($1) }
        }
        #expect(close(sums.values, expected, 1e-5) && sums.isGuarded)
    }
}
