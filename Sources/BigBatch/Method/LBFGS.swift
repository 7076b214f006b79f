import Kernels

/// Limited-memory BFGS: the inverse Hessian from the last `memory` pairs s = Δx, y = Δg (Nocedal & Wright, algorithm 7.4).
///
/// Used on the full batch, where the gradient is exact. H₀ = γP with P the preconditioner and γ = ⟨s, y⟩/⟨y, Py⟩ of the
/// newest pair, or 1 for a dense preconditioner, which knows its scale better than one pair does. A pair without
/// curvature (⟨s, y⟩ ≤ ε‖s‖‖y‖) is not kept. The two loops run over products ⟨s_i, y_j⟩, which are kept, so that a
/// direction takes four passes over the stored vectors and writes none but itself. Memory: 2 (memory + 1) · parameters
/// Floats.
public final class LBFGS: Codable {
    private final class Pair: Codable {
        @Stored private(set) var step: AlignedBuffer<Float>
        @Stored private(set) var change: AlignedBuffer<Float>
        /// ⟨s, y⟩.
        var product = 0.0
        /// ⟨s, y_j⟩ for the pairs j that came later, in their order.
        var laterProducts: [Double] = []
        /// ⟨s, g⟩ at the last gradient seen.
        var slope = 0.0

        init(count: Int) {
            step = AlignedBuffer(count: count)
            change = AlignedBuffer(count: count)
        }
    }

    /// What the last two points tell of the curvature along the step between them.
    public struct Curvature: Equatable {
        /// ⟨s, y⟩.
        public var product: Double
        /// ⟨y, Py⟩.
        public var squaredChange: Double
    }

    /// Pairs at most.
    public let memory: Int
    @Stored private var previousX: AlignedBuffer<Float>? = nil
    @Stored private var previousG: AlignedBuffer<Float>? = nil
    /// Oldest first.
    private var pairs: [Pair] = []
    private var spare: [Pair] = []
    /// γ.
    private var scale = 1.0

    private enum CodingKeys: CodingKey { case memory, previousX, previousG, pairs, scale }

    public init(memory: Int = 10) {
        self.memory = memory
    }

    /// Pairs cost memory and time only where there are many parameters.
    convenience init(parameterCount: Int) { self.init(memory: parameterCount <= 100_000 ? 20 : 10) }

    /// All of its vectors have this length.
    func isMade(for count: Int) -> Bool {
        (pairs.flatMap { [$0.step, $0.change] } + [previousX, previousG].compactMap { $0 })
            .allSatisfy { $0.count == count }
    }

    public var isEmpty: Bool { pairs.isEmpty }

    /// Forgets the pairs; the next is made with the last point.
    public func reset() {
        spare += pairs
        pairs.removeAll(keepingCapacity: true)
    }

    /// Takes the point x and its gradient, and makes a pair with the point before.
    /// - Returns: the curvature between the two; nil at the first point.
    @discardableResult
    public func observe(_ x: [Float], gradient g: [Float], preconditioner: Preconditioner) -> Curvature? {
        guard let previousX, let previousG else {
            (previousX, previousG) = (AlignedBuffer(x), AlignedBuffer(g))
            return nil
        }
        let pair = spare.popLast() ?? Pair(count: x.count)
        let found = x.withUnsafeBufferPointer { x in
            g.withUnsafeBufferPointer { g in
                FixedOrder.pair(
                    x, previousX: previousX.pointer, g, previousG: previousG.pointer, step: pair.step.pointer,
                    change: pair.change.pointer)
            }
        }
        let curvature = Curvature(
            product: found.product, squaredChange: preconditioner.squaredNorm(UnsafeBufferPointer(pair.change.elements))
        )
        let bound = 1e-10 * (found.squaredStep * found.squaredChange).squareRoot()
        guard found.product.isFinite, found.product > bound else {
            noteSlopes(g, added: nil)
            spare.append(pair)
            return curvature
        }
        if pairs.count >= memory { spare.append(pairs.removeFirst()) }
        pair.product = found.product
        pair.laterProducts.removeAll(keepingCapacity: true)
        scale = curvature.squaredChange > 0 ? curvature.product / curvature.squaredChange : 1
        noteSlopes(g, added: pair)
        return curvature
    }

    /// ⟨s, g⟩ of all pairs in one pass. Its change since the last gradient is ⟨s, y⟩ with the newest y.
    private func noteSlopes(_ g: [Float], added: Pair?) {
        let all = pairs + (added.map { [$0] } ?? [])
        let slopes = products(of: all.map { UnsafePointer($0.step.pointer) }, with: g)
        for (pair, slope) in zip(all, slopes) {
            if added != nil, pair !== added { pair.laterProducts.append(slope - pair.slope) }
            pair.slope = slope
        }
        pairs = all
    }

    private func products(of vectors: [UnsafePointer<Float>], with q: [Float]) -> [Double] {
        var result = [Double](repeating: 0, count: vectors.count)
        q.withUnsafeBufferPointer { q in
            guard let q = q.baseAddress else { return }
            FixedOrder.dots(vectors, q, count: self.count, into: &result)
        }
        return result
    }

    private var count: Int { previousX?.count ?? 0 }

    /// d = −H g for the gradient last observed; with no pairs −P g.
    public func writeDirection(gradient: [Float], preconditioner: Preconditioner, into direction: inout [Float]) {
        guard !isEmpty else { return preconditioner.apply(-1, to: gradient, into: &direction) }
        let steps = pairs.map { UnsafePointer($0.step.pointer) }
        let changes = pairs.map { UnsafePointer($0.change.pointer) }
        // First loop: coefficients of y in q = g − Σ a y, newest first.
        var a = [Double](repeating: 0, count: pairs.count)
        for i in pairs.indices.reversed() {
            var slope = pairs[i].slope
            for (offset, product) in pairs[i].laterProducts.enumerated() { slope -= a[i + 1 + offset] * product }
            a[i] = slope / pairs[i].product
        }
        gradient.withUnsafeBufferPointer { g in
            combine(1, g.baseAddress, a.map { -$0 }, changes, into: &direction)
        }
        var gamma = scale
        if case .dense = preconditioner { gamma = 1 }
        preconditioner.apply(gamma, inPlace: &direction)
        // Second loop: coefficients of s, oldest first.
        let bends = products(of: changes, with: direction)
        var c = [Double](repeating: 0, count: pairs.count)
        for i in pairs.indices {
            var value = bends[i]
            for j in 0..<i { value += c[j] * pairs[j].laterProducts[i - j - 1] }
            c[i] = a[i] - value / pairs[i].product
        }
        combine(-1, nil, c.map { -$0 }, steps, into: &direction)
    }

    /// out = factor · base + Σ coefficients · vectors; base nil: out itself.
    private func combine(
        _ factor: Double, _ base: UnsafePointer<Float>?, _ coefficients: [Double], _ vectors: [UnsafePointer<Float>],
        into out: inout [Float]
    ) {
        out.withUnsafeMutableBufferPointer { out in
            guard let out = out.baseAddress else { return }
            FixedOrder.combine(
                factor, base ?? UnsafePointer(out), coefficients, vectors, count: self.count, into: out)
        }
    }
}
