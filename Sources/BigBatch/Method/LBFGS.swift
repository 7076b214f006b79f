import Kernels

/// Limited-memory BFGS: the inverse Hessian from the last `memory` pairs s = Δx, y = Δg (Nocedal & Wright, algorithm 7.4).
///
/// Used on the full batch, where the gradient is exact. H₀ = γP with P the preconditioner and γ = ⟨s, y⟩/⟨y, Py⟩ of the
/// newest pair, or 1 for a dense preconditioner, which knows its scale better than one pair does. A pair without
/// curvature (⟨s, y⟩ ≤ ε‖s‖‖y‖) is not kept. The two loops run over products ⟨s_i, y_j⟩, which are kept, so that a
/// direction takes four passes over the stored vectors and writes none but itself. Memory: 2 (memory + 1) · parameters
/// Floats, over all ranks where the parameters are in parts.
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

        func replaceVectors(_ replace: (AlignedBuffer<Float>) throws -> AlignedBuffer<Float>) rethrows {
            step = try replace(step)
            change = try replace(change)
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

    /// Replaces every vector it holds. Whole or in parts, all are alike.
    func replaceVectors(_ replace: (AlignedBuffer<Float>) throws -> AlignedBuffer<Float>) rethrows {
        previousX = try previousX.map(replace)
        previousG = try previousG.map(replace)
        for pair in pairs { try pair.replaceVectors(replace) }
        spare = []
    }

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

    /// Takes the point x and its gradient, and makes a pair with the point before. Collective where the gradient is in parts.
    /// - Parameters:
    ///   - x: whole.
    ///   - products: of vectors in the parts of the gradient; nil: it is whole.
    /// - Returns: the curvature between the two; nil at the first point.
    @discardableResult
    public func observe(
        _ x: [Float], gradient g: [Float], preconditioner: Preconditioner, products: Products? = nil
    ) throws -> Curvature? {
        let products = products ?? .whole(g.count)
        let own = products.parts.own
        guard let previousX, let previousG else {
            (previousX, previousG) = (AlignedBuffer(Array(x[own])), AlignedBuffer(g))
            return nil
        }
        let pair = spare.popLast() ?? Pair(count: g.count)
        let found = try products.sums(4) { range in
            let start = range.lowerBound
            let found = x.withUnsafeBufferPointer { x in
                g.withUnsafeBufferPointer { g in
                    FixedOrder.pair(
                        UnsafeBufferPointer(rebasing: UnsafeBufferPointer(rebasing: x[own])[range]),
                        previousX: previousX.pointer + start, UnsafeBufferPointer(rebasing: g[range]),
                        previousG: previousG.pointer + start, step: pair.step.pointer + start,
                        change: pair.change.pointer + start)
                }
            }
            let change = UnsafeBufferPointer(rebasing: pair.change.elements[range])
            return [
                found.product, found.squaredStep, found.squaredChange,
                preconditioner.squaredNorm(change, from: own.lowerBound + start),
            ]
        }
        let curvature = Curvature(product: found[0], squaredChange: found[3])
        let bound = 1e-10 * (found[1] * found[2]).squareRoot()
        guard curvature.product.isFinite, curvature.product > bound else {
            try noteSlopes(g, added: nil, products)
            spare.append(pair)
            return curvature
        }
        if pairs.count >= memory { spare.append(pairs.removeFirst()) }
        pair.product = curvature.product
        pair.laterProducts.removeAll(keepingCapacity: true)
        scale = curvature.squaredChange > 0 ? curvature.product / curvature.squaredChange : 1
        try noteSlopes(g, added: pair, products)
        return curvature
    }

    /// ⟨s, g⟩ of all pairs in one pass. Its change since the last gradient is ⟨s, y⟩ with the newest y.
    private func noteSlopes(_ g: [Float], added: Pair?, _ products: Products) throws {
        let all = pairs + (added.map { [$0] } ?? [])
        let slopes = try g.withUnsafeBufferPointer {
            try self.products(of: all.map { UnsafePointer($0.step.pointer) }, with: $0, products)
        }
        for (pair, slope) in zip(all, slopes) {
            if added != nil, pair !== added { pair.laterProducts.append(slope - pair.slope) }
            pair.slope = slope
        }
        pairs = all
    }

    private func products(
        of vectors: [UnsafePointer<Float>], with q: UnsafeBufferPointer<Float>, _ products: Products
    ) throws -> [Double] {
        guard !vectors.isEmpty, let q = q.baseAddress else { return [] }
        return try products.sums(vectors.count) { range in
            var result = [Double](repeating: 0, count: vectors.count)
            FixedOrder.dots(
                vectors.map { $0 + range.lowerBound }, q + range.lowerBound, count: range.count, into: &result)
            return result
        }
    }

    private var count: Int { previousX?.count ?? 0 }

    /// d = −H g for the gradient last observed; with no pairs −P g. Collective where the gradient is in parts, and d in the same.
    public func writeDirection(
        gradient: [Float], preconditioner: Preconditioner, products: Products? = nil,
        into direction: UnsafeMutableBufferPointer<Float>
    ) throws {
        let products = products ?? .whole(gradient.count)
        let first = products.parts.own.lowerBound
        guard !isEmpty else {
            return gradient.withUnsafeBufferPointer {
                preconditioner.apply(-1, to: $0, into: direction, from: first)
            }
        }
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
            combine(1, g.baseAddress, a.map { -$0 }, changes, into: direction)
        }
        var gamma = scale
        if case .dense = preconditioner { gamma = 1 }
        preconditioner.apply(gamma, to: UnsafeBufferPointer(direction), into: direction, from: first)
        // Second loop: coefficients of s, oldest first.
        let bends = try self.products(of: changes, with: UnsafeBufferPointer(direction), products)
        var c = [Double](repeating: 0, count: pairs.count)
        for i in pairs.indices {
            var value = bends[i]
            for j in 0..<i { value += c[j] * pairs[j].laterProducts[i - j - 1] }
            c[i] = a[i] - value / pairs[i].product
        }
        combine(-1, nil, c.map { -$0 }, steps, into: direction)
    }

    /// out = factor · base + Σ coefficients · vectors; base nil: out itself.
    private func combine(
        _ factor: Double, _ base: UnsafePointer<Float>?, _ coefficients: [Double], _ vectors: [UnsafePointer<Float>],
        into out: UnsafeMutableBufferPointer<Float>
    ) {
        guard let out = out.baseAddress else { return }
        FixedOrder.combine(factor, base ?? UnsafePointer(out), coefficients, vectors, count: count, into: out)
    }
}
