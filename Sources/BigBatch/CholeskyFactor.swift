/// A = LLᵀ of a symmetric positive definite matrix, L lower triangular, row-major, in Double.
public struct CholeskyFactor: Sendable {
    public let dimension: Int
    private let lower: [Double]

    /// - Parameter matrix: row-major; only the lower triangle is read.
    /// - Returns: nil when a pivot is not positive.
    public init?(_ matrix: [Double], dimension: Int) {
        self.dimension = dimension
        var l = matrix
        let isPositive = l.withUnsafeMutableBufferPointer { l in
            for row in 0..<dimension {
                let target = l.baseAddress.unsafelyUnwrapped + row * dimension
                for column in 0...row {
                    let other = UnsafePointer(l.baseAddress.unsafelyUnwrapped + column * dimension)
                    let rest = target[column] - product(target, other, column)
                    if column < row {
                        target[column] = rest / other[column]
                    } else {
                        guard rest > 0, rest.isFinite else { return false }
                        target[row] = rest.squareRoot()
                    }
                }
            }
            return true
        }
        guard isPositive else { return nil }
        lower = l
    }

    /// x ← L⁻¹x, so that ‖x‖² becomes xᵀA⁻¹x.
    public func solveLower(_ x: UnsafeMutablePointer<Double>) {
        lower.withUnsafeBufferPointer { l in
            for row in 0..<dimension {
                let line = l.baseAddress.unsafelyUnwrapped + row * dimension
                x[row] = (x[row] - product(line, x, row)) / line[row]
            }
        }
    }

    /// x ← A⁻¹x.
    public func solve(_ x: UnsafeMutablePointer<Double>) {
        solveLower(x)
        lower.withUnsafeBufferPointer { l in
            for row in (0..<dimension).reversed() {
                let line = l.baseAddress.unsafelyUnwrapped + row * dimension
                x[row] /= line[row]
                let value = x[row]
                for column in 0..<row { x[column] -= value * line[column] }
            }
        }
    }
}

/// Σ_{i < count} a_i b_i in four fixed partial sums.
private func product(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
    var sums = SIMD4<Double>(repeating: 0)
    var index = 0
    while index + 4 <= count {
        let x = UnsafeRawPointer(a + index).loadUnaligned(as: SIMD4<Double>.self)
        let y = UnsafeRawPointer(b + index).loadUnaligned(as: SIMD4<Double>.self)
        sums += x * y
        index += 4
    }
    var sum = sums.sum()
    while index < count {
        sum += a[index] * b[index]
        index += 1
    }
    return sum
}
