import Kernels

/// Sums over a batch that every gradient brings along, before its own.
struct BatchScalars: BitwiseCopyable {
    /// Rows, which must be as many as the batch has.
    var rows = 0.0
    var loss = 0.0
    /// Σ ‖∇f‖².
    var squaredNorms = 0.0
    /// The code of the largest residual (see `LargestOfRanks`).
    var largestResidual = 0.0

    static var count: Int { MemoryLayout<BatchScalars>.size / MemoryLayout<Double>.stride }
}

extension Packet {
    /// The first values of a gradient's packet.
    var scalars: BatchScalars {
        get { UnsafeRawBufferPointer(values).load(as: BatchScalars.self) }
        set { UnsafeMutableRawBufferPointer(values).storeBytes(of: newValue, as: BatchScalars.self) }
    }
}

/// What the reduction of a gradient carries: header and sums, and Σ ∇f, either in Double behind them or, of models that sum in
/// whole numbers, in Int32 beside them; and the sizes of its stretches where its grids depend on them. Where a batch is extended,
/// whole numbers become Floats in their place.
///
/// Unchecked Sendable: belongs to one objective.
final class GradientPacket: @unchecked Sendable {
    let message: Packet
    let units: AlignedBuffer<Int32>?
    private let sizeCount: Int

    /// - Parameters:
    ///   - doubles: Double sums behind the scalars.
    ///   - sizes: those behind them.
    ///   - units: sums in whole numbers.
    init(doubles: Int, sizes: Int, units: Int) {
        sizeCount = sizes
        message = Packet(count: BatchScalars.count + doubles + sizes)
        self.units = units > 0 ? AlignedBuffer(count: units) : nil
    }

    /// Σ ∇f where it is in Double.
    var doubles: UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: message.values[BatchScalars.count...].dropLast(sizeCount))
    }

    /// Of the stretches of Σ ∇f.
    var sizes: UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: message.values.suffix(sizeCount))
    }

    var gradient: GradientSums? { doubles.baseAddress.map { .doubles($0) } }

    /// Σ ∇f where it came in whole numbers, stretch by stretch.
    private(set) var stretches: [(range: Range<Int>, sums: GradientSums)] = []

    /// The whole numbers are reduced: says what they mean. NaN where the units did not fit.
    func complete(stretches counts: [Int], grids: [SumGrid]) {
        guard let units else { return }
        stretches = []
        for (index, count) in counts.enumerated() {
            let start = stretches.last?.range.upperBound ?? 0
            let unit = Double(grids[index].unit(for: sizes[index]))
            stretches.append((start..<start + count, .units(units.pointer + start, unit: unit)))
        }
    }

    /// Makes whole numbers Floats, in their place.
    private func makeFloats() {
        guard let units else { return }
        let floats = UnsafeMutableRawPointer(units.pointer).assumingMemoryBound(to: Float.self)
        for (index, (range, sums)) in stretches.enumerated() {
            guard case .units(let whole, let unit) = sums else { continue }
            WholeSums.values(count: range.count, whole, unit: Float(unit), into: floats + range.lowerBound)
            stretches[index].sums = .floats(floats + range.lowerBound)
        }
    }

    /// Adds the Σ ∇f of `other`, which is of the same kind.
    func addGradient(of other: GradientPacket) {
        guard let units, let others = other.units else {
            return FixedOrder.add(1, UnsafeBufferPointer(other.doubles), to: doubles)
        }
        makeFloats()
        other.makeFloats()
        func floats(_ units: AlignedBuffer<Int32>) -> UnsafeMutableBufferPointer<Float> {
            UnsafeMutableBufferPointer(
                start: UnsafeMutableRawPointer(units.pointer).assumingMemoryBound(to: Float.self), count: units.count)
        }
        FixedOrder.add(1, UnsafeBufferPointer(floats(others)), to: floats(units))
    }
}
