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
        var sums = [Double](repeating: 1, count: shape.columns)
        var squares = [Double](repeating: 9, count: shape.rows)
        Bias.addColumnSums(
            rows: shape.rows, columns: shape.columns, stride: stride, x.pointer, into: &sums, with: set)
        Squares.ofRows(
            rows: shape.rows, columns: shape.columns, stride: stride, x.pointer, into: &squares, with: set)
        let expected = (0..<shape.columns).map { j in
            (0..<shape.rows).reduce(1.0) { $0 + Double(values[$1 * stride + j]) }
        }
        let expectedSquares = (0..<shape.rows).map { i in
            (0..<shape.columns).reduce(0.0) { $0 + Double(values[i * stride + $1]) * Double(values[i * stride + $1]) }
        }
        #expect(close(sums, expected, 2e-6) && close(squares, expectedSquares, 1e-6))
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
        var sums = [Double](repeating: 2, count: channels)
        var squares = [Double](repeating: 1, count: samples)
        Bias.addChannelSums(
            samples: samples, channels: channels, positions: positions, values, source: source, into: &sums,
            squares: &squares, with: set)
        var expected = [Double](repeating: 2, count: channels)
        var expectedSquares = [Double](repeating: 1, count: samples)
        for s in 0..<samples {
            for c in 0..<channels {
                let sum = (0..<positions).reduce(0.0) {
                    $0 + Double(values[s * source.sample + c * source.channel + $1])
                }
                expected[c] += sum
                expectedSquares[s] += sum * sum
            }
        }
        #expect(close(sums, expected, 1e-5) && close(squares, expectedSquares, 1e-5))
    }

    @Test(arguments: instructionSets, [1, 3, 16, 511, 512, 513, 2500])
    func squaresOfWhatIsAdded(name: String, count: Int) {
        var random = Generator(state: 5)
        let (values, start) = (random.floats(count), random.floats(count))
        let (x, sum) = (Unaligned(values, offset: 1), Unaligned(start))
        let squares = Squares.adding(count: count, x.pointer, to: sum.pointer, with: kernels(named: name))
        let expected = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(squares - expected) <= 1e-6 * expected)
        #expect(sum.values == zip(start, values).map { $0 + $1 } && sum.isGuarded)
    }
}
