import Kernels

/// Σ_{j < count} a_j b_j in Double, in one fixed order: the same bits on every rank, whatever its instruction set.
func dot(_ a: [Float], _ b: [Float], count: Int? = nil) -> Double {
    let count = count ?? a.count
    return a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            FixedOrder.dot(UnsafeBufferPointer(rebasing: a[..<count]), UnsafeBufferPointer(rebasing: b[..<count]))
        }
    }
}

/// y ← y + αx.
func axpy(_ alpha: Double, _ x: [Float], _ y: inout [Float]) {
    x.withUnsafeBufferPointer { x in
        y.withUnsafeMutableBufferPointer { FixedOrder.add(alpha, x, to: $0) }
    }
}

/// x ← αx.
func scale(_ alpha: Double, _ x: inout [Float]) {
    let alpha = Float(alpha)
    x.withUnsafeMutableBufferPointer { x in
        for index in x.indices { x[index] *= alpha }
    }
}
