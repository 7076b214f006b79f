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

/// out ← x + step · d over the elements from `first` on that d has.
func move(_ x: [Float], along d: [Float], step: Double, into out: inout [Float], from first: Int) {
    let part = first..<first + d.count
    x.withUnsafeBufferPointer { x in
        d.withUnsafeBufferPointer { d in
            out.withUnsafeMutableBufferPointer { out in
                FixedOrder.move(
                    UnsafeBufferPointer(rebasing: x[part]), along: d, step: step,
                    into: UnsafeMutableBufferPointer(rebasing: out[part]))
            }
        }
    }
}

/// d ← factor · g + kept · d.
func blend(_ factor: Double, _ g: [Float], keeping kept: Double, of d: inout [Float]) {
    g.withUnsafeBufferPointer { g in
        d.withUnsafeMutableBufferPointer { FixedOrder.blend(factor, g, keeping: kept, of: $0) }
    }
}

/// x·d and d·d over the first `count` elements, in one pass.
func directionProducts(_ x: [Float], _ d: [Float], count: Int) -> (pointAndDirection: Double, squaredDirection: Double)
{
    var products = [0.0, 0.0]
    x.withUnsafeBufferPointer { x in
        d.withUnsafeBufferPointer { d in
            guard let x = x.baseAddress, let d = d.baseAddress else { return }
            FixedOrder.dots([x, d], d, count: count, into: &products)
        }
    }
    return (products[0], products[1])
}
