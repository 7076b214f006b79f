import Kernels

/// What the reduction of a gradient carries: header, sums and, behind them, Σ ∇f in Double; a model that sums many
/// parameters in Float has Σ ∇f in Float, beside them: half the memory and half the bytes.
///
/// Unchecked Sendable: belongs to one objective.
final class GradientPacket: @unchecked Sendable {
    let numbers: UnsafeMutableBufferPointer<Double>
    let floats: AlignedBuffer<Float>?

    /// - Parameter sums: values of the gradient's sums.
    init(sums: Int, isFloat: Bool) {
        let scalars = Reducer.headerCount + Reducer.gradientSums
        numbers = .allocate(capacity: isFloat ? scalars : scalars + sums)
        numbers.initialize(repeating: 0)
        floats = isFloat ? AlignedBuffer(count: sums) : nil
    }

    deinit { numbers.deallocate() }

    /// Σ ∇f where it is in Double.
    var doubles: UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: numbers[(Reducer.headerCount + Reducer.gradientSums)...])
    }

    /// Zeros to add Σ ∇f to.
    func clearedDoubles() -> UnsafeMutableBufferPointer<Double> {
        let gradient = doubles
        gradient.update(repeating: 0)
        return gradient
    }

    var gradient: GradientSums? {
        if let floats { return .floats(floats.pointer) }
        return doubles.baseAddress.map { .doubles($0) }
    }

    /// Adds the Σ ∇f of `other`, which is of the same kind.
    func addGradient(of other: GradientPacket) {
        if let floats, let others = other.floats {
            FixedOrder.add(1, UnsafeBufferPointer(others.elements), to: floats.elements)
        } else {
            FixedOrder.add(1, UnsafeBufferPointer(other.doubles), to: doubles)
        }
    }
}
