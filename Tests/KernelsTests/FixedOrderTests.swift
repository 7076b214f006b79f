import Kernels
import Testing

@Suite struct FixedOrderTests {
    /// The order is part of the contract: eight partial sums, then pairs four, two and one apart.
    private func reference(_ terms: [Double]) -> Double {
        var s = [Double](repeating: 0, count: 8)
        for (index, term) in terms.enumerated() { s[index % 8] += term }
        return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
    }

    @Test func sumsAreTheDocumentedOnesBitForBit() {
        var random = Generator(state: 9)
        for count in [0, 1, 7, 8, 9, 100, 1003] {
            let a = random.floats(count, -3...3)
            let b = random.floats(count, -3...3)
            let aa = a.map { Double($0) * 1.1 }
            let bb = b.map { Double($0) / 3 }
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    aa.withUnsafeBufferPointer { aa in
                        bb.withUnsafeBufferPointer { bb in
                            #expect(FixedOrder.dot(a, b) == reference(zip(a, b).map { Double($0) * Double($1) }))
                            #expect(FixedOrder.dot(aa, bb) == reference(zip(aa, bb).map { $0 * $1 }))
                            #expect(FixedOrder.dot(a, bb) == reference(zip(a, bb).map { Double($0) * $1 }))
                            #expect(FixedOrder.sum(aa) == reference(Array(aa)))
                            #expect(FixedOrder.squaredNorm(a) == FixedOrder.dot(a, a))
                            #expect(FixedOrder.squaredNorm(aa) == FixedOrder.dot(aa, aa))
                        }
                    }
                }
            }
        }
    }

    @Test func updatesRoundOnce() {
        var random = Generator(state: 10)
        let x = random.floats(37)
        let d = random.floats(37).map { Double($0) / 7 }
        let df = d.map { Float($0) }
        var moved = x
        var added = d
        var addedFloat = x
        var scaled = d
        var onto = d
        x.withUnsafeBufferPointer { x in
            d.withUnsafeBufferPointer { d in
                df.withUnsafeBufferPointer { df in
                    moved.withUnsafeMutableBufferPointer { FixedOrder.move(x, along: d, step: 0.3, into: $0) }
                    added.withUnsafeMutableBufferPointer { FixedOrder.add(0.3, d, to: $0) }
                    onto.withUnsafeMutableBufferPointer { FixedOrder.add(0.3, x, to: $0) }
                    addedFloat.withUnsafeMutableBufferPointer { FixedOrder.add(0.3, df, to: $0) }
                    scaled.withUnsafeMutableBufferPointer { FixedOrder.scale($0, by: 0.3) }
                }
            }
        }
        for i in x.indices {
            #expect(moved[i] == Float(Double(x[i]) + 0.3 * d[i]))
            #expect(added[i] == d[i] + 0.3 * d[i])
            #expect(onto[i] == d[i] + 0.3 * Double(x[i]))
            #expect(addedFloat[i] == Float(Double(x[i]) + 0.3 * Double(df[i])))
            #expect(scaled[i] == d[i] * 0.3)
        }
    }
}
