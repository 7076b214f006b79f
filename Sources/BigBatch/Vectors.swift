/// Σ a_j b_j in Double, in one fixed order: the same bits on every rank, whatever its instruction set.
func dot(_ a: [Float], _ b: [Float], count: Int? = nil) -> Double {
    let count = count ?? a.count
    return a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            var lanes = SIMD8<Double>(repeating: 0)
            var index = 0
            while index + 8 <= count {
                var x = SIMD8<Double>()
                var y = SIMD8<Double>()
                for lane in 0..<8 {
                    x[lane] = Double(a[index + lane])
                    y[lane] = Double(b[index + lane])
                }
                lanes += x * y
                index += 8
            }
            var sum = lanes.sum()
            while index < count {
                sum += Double(a[index]) * Double(b[index])
                index += 1
            }
            return sum
        }
    }
}

/// y ← y + αx.
func axpy(_ alpha: Double, _ x: [Float], _ y: inout [Float]) {
    let alpha = Float(alpha)
    x.withUnsafeBufferPointer { x in
        y.withUnsafeMutableBufferPointer { y in
            for index in y.indices { y[index] += alpha * x[index] }
        }
    }
}

/// x ← αx.
func scale(_ alpha: Double, _ x: inout [Float]) {
    let alpha = Float(alpha)
    x.withUnsafeMutableBufferPointer { x in
        for index in x.indices { x[index] *= alpha }
    }
}
