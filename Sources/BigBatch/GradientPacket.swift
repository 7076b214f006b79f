import Kernels

/// What the reduction of a gradient carries: header and sums, and Σ ∇f, either in Double behind them or, of models that sum in
/// whole numbers, in Int32 beside them; and the sizes of its stretches where its grids depend on them. Reduced whole numbers
/// become Floats in their place.
///
/// Unchecked Sendable: belongs to one objective.
final class GradientPacket: @unchecked Sendable {
    let numbers: UnsafeMutableBufferPointer<Double>
    let units: AlignedBuffer<Int32>?
    private let sizeCount: Int

    /// - Parameters:
    ///   - doubles: Double sums behind the scalars.
    ///   - sizes: those behind them.
    ///   - units: sums in whole numbers.
    init(doubles: Int, sizes: Int, units: Int) {
        sizeCount = sizes
        numbers = .allocate(capacity: Reducer.headerCount + Reducer.gradientSums + doubles + sizes)
        numbers.initialize(repeating: 0)
        self.units = units > 0 ? AlignedBuffer(count: units) : nil
    }

    deinit { numbers.deallocate() }

    /// Σ ∇f where it is in Double.
    var doubles: UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(
            rebasing: numbers[(Reducer.headerCount + Reducer.gradientSums)...].dropLast(sizeCount))
    }

    /// Of the stretches of Σ ∇f.
    var sizes: UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: numbers.suffix(sizeCount))
    }

    /// Σ ∇f where it came in whole numbers.
    private var floats: UnsafeMutableBufferPointer<Float>? {
        units.map {
            UnsafeMutableBufferPointer(
                start: UnsafeMutableRawPointer($0.pointer).assumingMemoryBound(to: Float.self), count: $0.count)
        }
    }

    var gradient: GradientSums? {
        if let floats { return floats.baseAddress.map { .floats($0) } }
        return doubles.baseAddress.map { .doubles($0) }
    }

    /// Whole numbers to Floats, stretch by stretch; NaN where the units did not fit.
    func complete(stretches: [Int], grids: [SumGrid]) {
        guard let units, let floats = floats?.baseAddress else { return }
        var start = 0
        for (index, count) in stretches.enumerated() {
            let grid = grids[index]
            WholeSums.values(
                count: count, units.pointer + start, unit: sizes[index] < grid.limit ? grid.unit : .nan,
                into: floats + start)
            start += count
        }
    }

    /// Adds the Σ ∇f of `other`, which is of the same kind.
    func addGradient(of other: GradientPacket) {
        if let floats, let others = other.floats {
            FixedOrder.add(1, UnsafeBufferPointer(others), to: floats)
        } else {
            FixedOrder.add(1, UnsafeBufferPointer(other.doubles), to: doubles)
        }
    }
}
