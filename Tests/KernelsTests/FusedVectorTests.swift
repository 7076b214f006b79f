import Kernels
import Testing

@Suite("Fused passes over vectors are what their parts are") struct FusedVectorTests {
    private func vector(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float((($0 &+ seed) &* 7919 &+ seed) % 200) / 100 - 1 }
    }

    @Test("Mean gradient and norms", arguments: [(1, 1), (7, 1), (17, 3), (9, 45), (130, 8)], [false, true])
    func meanGradient(_ shape: (features: Int, classes: Int), hasScale: Bool) {
        for kind in 0..<3 {
            for lambda: Float in [0, 0.125] { meanGradient(shape, hasScale: hasScale, kind: kind, lambda: lambda) }
        }
    }

    private func meanGradient(_ shape: (features: Int, classes: Int), hasScale: Bool, kind: Int, lambda: Float) {
        let count = shape.features * shape.classes
        let units = vector(count, 3).map { Int32($0 * 1000) }
        let floats = units.map { Float($0) / 4 }
        let sums = floats.map { Double($0) }
        let x = vector(count, 5)
        let scale = vector(shape.features, 9).map { abs($0) + 0.5 }
        var g = [Float](repeating: 0, count: count)
        var norms = GradientNorms()
        scale.withUnsafeBufferPointer { scale in
            sums.withUnsafeBufferPointer { sums in
                floats.withUnsafeBufferPointer { floats in
                    units.withUnsafeBufferPointer { units in
                        guard let doubles = sums.baseAddress, let floats = floats.baseAddress,
                            let units = units.baseAddress
                        else { return }
                        let forms: [GradientSums] = [.doubles(doubles), .floats(floats), .units(units, unit: 0.25)]
                        FixedOrder.meanGradient(
                            features: shape.features, classes: shape.classes, sums: forms[kind], inverse: 0.0625,
                            lambda: lambda, parameters: x, scale: hasScale ? scale.baseAddress : nil, into: &g,
                            norms: &norms)
                    }
                }
            }
        }
        var expected = GradientNorms()
        for index in 0..<count {
            let p = hasScale ? Double(scale[index / shape.classes]) : 1
            let mean = Float(sums[index] * 0.0625)
            let value = mean + lambda * x[index]
            #expect(g[index] == value)
            expected.dataNorm += p * Double(mean) * Double(mean)
            expected.norm += p * Double(value) * Double(value)
            expected.euclideanNorm += Double(value) * Double(value)
            expected.squaredParameters += Double(x[index]) * Double(x[index])
        }
        for (value, wanted) in [
            (norms.dataNorm, expected.dataNorm), (norms.norm, expected.norm),
            (norms.euclideanNorm, expected.euclideanNorm), (norms.squaredParameters, expected.squaredParameters),
        ] {
            #expect(abs(value - wanted) <= 1e-12 * (1 + wanted))
        }
    }

    @Test("A vector blended into another", arguments: [1, 8, 1003])
    func blend(count: Int) {
        let g = vector(count, 2)
        let before = vector(count, 11)
        var d = before
        g.withUnsafeBufferPointer { g in
            d.withUnsafeMutableBufferPointer { FixedOrder.blend(-1, g, keeping: 0.9, of: $0) }
        }
        for index in d.indices { #expect(d[index] == Float(-Double(g[index]) + 0.9 * Double(before[index]))) }
    }

    @Test("Products with a preconditioner, in place and not", arguments: [(1, 1), (5, 1), (4, 3), (11, 10)])
    func preconditionerProducts(features: Int, classes: Int) {
        let g = vector(features * classes, 2)
        let scale = vector(features, 4).map { abs($0) + 0.1 }
        let matrix = vector(features * features, 6).map { Double($0) }
        var diagonal = g
        var dense = g
        diagonal.withUnsafeMutableBufferPointer {
            FixedOrder.scaled(UnsafeBufferPointer($0), by: -2, scale: scale[...], classes: classes, into: $0)
        }
        dense.withUnsafeMutableBufferPointer {
            FixedOrder.product(0.5, matrix, UnsafeBufferPointer($0), classes: classes, into: $0)
        }
        var norm = 0.0
        for index in g.indices {
            let (feature, c) = (index / classes, index % classes)
            #expect(diagonal[index] == Float(-2 * Double(scale[feature]) * Double(g[index])))
            norm += Double(scale[feature]) * Double(g[index]) * Double(g[index])
            let sum = (0..<features).reduce(0.0) {
                $0 + matrix[feature * features + $1] * Double(g[$1 * classes + c])
            }
            #expect(abs(Double(dense[index]) - 0.5 * sum) <= 1e-6 * (1 + abs(sum)))
        }
        let found = g.withUnsafeBufferPointer { FixedOrder.squaredNorm($0, scale: scale[...], classes: classes) }
        #expect(abs(found - norm) <= 1e-12 * (1 + norm))
    }

    @Test("Products with many vectors, combinations and pairs", arguments: [1, 3, 8, 1023, 2500])
    func manyVectors(count: Int) {
        let vectors = (0..<3).map { AlignedBuffer(vector(count, $0)) }
        let q = vector(count, 8)
        var products = [0.0, 0.0, 0.0]
        let pointers = vectors.map { UnsafePointer($0.pointer) }
        FixedOrder.dots(pointers, q, count: count, into: &products)
        var combined = q
        combined.withUnsafeMutableBufferPointer {
            guard let out = $0.baseAddress else { return }
            FixedOrder.combine(2, UnsafePointer(out), [1, -0.5, 0.25], pointers, count: count, into: out)
        }
        for (index, product) in products.enumerated() {
            let expected = (0..<count).reduce(0.0) { $0 + Double(vectors[index][$1]) * Double(q[$1]) }
            #expect(abs(product - expected) <= 1e-11 * Double(count))
        }
        for i in 0..<count {
            let expected =
                2 * Double(q[i]) + Double(vectors[0][i]) - 0.5 * Double(vectors[1][i]) + 0.25 * Double(vectors[2][i])
            #expect(abs(Double(combined[i]) - expected) <= 1e-6)
        }
        let (x, g) = (vector(count, 20), vector(count, 21))
        let step = AlignedBuffer<Float>(count: count)
        let change = AlignedBuffer<Float>(count: count)
        let found = x.withUnsafeBufferPointer { x in
            g.withUnsafeBufferPointer { g in
                FixedOrder.pair(
                    x, previousX: vectors[0].pointer, g, previousG: vectors[1].pointer, step: step.pointer,
                    change: change.pointer)
            }
        }
        var expected = (0.0, 0.0, 0.0)
        let (before, gradientBefore) = (vector(count, 0), vector(count, 1))
        for i in 0..<count {
            #expect(step[i] == x[i] - before[i] && change[i] == g[i] - gradientBefore[i])
            #expect(vectors[0][i] == x[i] && vectors[1][i] == g[i])
            expected.0 += Double(step[i]) * Double(change[i])
            expected.1 += Double(step[i]) * Double(step[i])
            expected.2 += Double(change[i]) * Double(change[i])
        }
        #expect(abs(found.product - expected.0) <= 1e-11 * Double(count))
        #expect(abs(found.squaredStep - expected.1) <= 1e-11 * Double(count))
        #expect(abs(found.squaredChange - expected.2) <= 1e-11 * Double(count))
    }
}
