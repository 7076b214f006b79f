import Foundation
import Kernels
import Testing

/// Every loss with vector kernels beside its formula in Double.
@Suite struct LossKindTests {
    private static let kinds: [LossKind] = [.logistic, .squaredError, .squaredHinge, .huber(delta: 0.75), .poisson]

    private func formula(_ kind: LossKind, _ m: Double, _ y: Double) -> (value: Double, slope: Double, second: Double) {
        switch kind {
        case .logistic:
            let s = 2 * y - 1
            let p = 1 / (1 + exp(-m))
            return (max(-s * m, 0) + log1p(exp(-abs(m))), -s / (1 + exp(s * m)), p * (1 / (1 + exp(m))))
        case .squaredError: return ((m - y) * (m - y) / 2, m - y, 1)
        case .squaredHinge:
            let s = 2 * y - 1
            let slack = max(0, 1 - s * m)
            return (slack * slack, -2 * s * slack, slack > 0 ? 2 : 0)
        case .huber(let delta):
            let size = abs(m - y)
            return size <= delta
                ? (size * size / 2, m - y, 1) : (delta * (size - delta / 2), m > y ? delta : -delta, 0)
        case .poisson: return (exp(m) - y * m, exp(m) - y, exp(m))
        }
    }

    /// Every number of rows up to two vectors and more, starts that are not aligned, weights or none.
    @Test(arguments: KernelSet.available.map(\.name))
    func anyNumberOfRows(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        var random = Generator(state: 31)
        for kind in Self.kinds {
            for count in Array(0...35) + [1000, 1923] {
                for weighted in [false, true] {
                    check(kernels, kind, random.floats(count, -4...4), weighted: weighted, &random)
                }
            }
        }
    }

    /// Margins from denormal to ±1e4; the rate of counts is infinite above 88.
    @Test(arguments: KernelSet.available.map(\.name))
    func extremeMargins(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        var random = Generator(state: 32)
        for kind in Self.kinds {
            var margins: [Float] = [0, -0.0, 1e-40, -1e-40, 1e-8, -1e-8, 30, -30, 80, -80, -1e4, -87, -90, -1e30]
            if kind != .poisson { margins += [1e4, 87, 90] }
            for weighted in [false, true] {
                for margin in margins { check(kernels, kind, [margin], weighted: weighted, &random) }
                check(kernels, kind, margins.filter { abs($0) < 1e5 }, weighted: weighted, &random)
            }
            let result = kernels.loss(kind, count: 1, margins: [.nan], labels: [1], weights: nil)
            #expect(result.isNaN)
        }
        #expect(kernels.loss(.poisson, count: 1, margins: [1e4], labels: [1], weights: nil) == .infinity)
    }

    private func check(
        _ kernels: KernelSet, _ kind: LossKind, _ margins: [Float], weighted: Bool, _ random: inout Generator
    ) {
        let count = margins.count
        let labels = (0..<count).map { _ in Float(Int.random(in: 0...1, using: &random)) }
        let weights = weighted ? random.floats(count, 0.5...2) : nil
        let h = AlignedBuffer<Float>(count: count + 3)
        let r = AlignedBuffer<Float>(count: count + 3)
        // Three floats in: vectors that are not aligned.
        let m = AlignedBuffer([0, 0, 0] + margins)
        let slopes = random.floats(count, -1...1)
        let step: Float = 0.5
        let (total, along) = withOptionalPointer(weights) { weights in
            kernels.secondDerivatives(
                kind, count: count, margins: m.pointer + 3, labels: labels, weights: weights, into: h.pointer + 3)
            let along = kernels.loss(
                kind, count: count, margins: m.pointer + 3, slopes: slopes, step: step, labels: labels,
                weights: weights)
            let total = kernels.loss(
                kind, count: count, margins: m.pointer + 3, labels: labels, weights: weights,
                residuals: r.pointer + 3)
            return (total, along)
        }
        var sum = 0.0
        var size = 0.0
        var sumAlong = 0.0
        var sizeAlong = 0.0
        var squares = 0.0
        for i in 0..<count {
            let weight = Double(weights?[i] ?? 1)
            let y = Double(labels[i])
            let f = formula(kind, Double(margins[i]), y)
            sum += weight * f.value
            // Loss of counts: two terms that may cancel.
            size += weight * (abs(f.value) + abs(y * Double(margins[i])))
            let moved = Double(margins[i]) + Double(step) * Double(slopes[i])
            let g = formula(kind, moved, y)
            sumAlong += weight * g.value
            sizeAlong += weight * (abs(g.value) + abs(g.slope) * (abs(moved) + 1) + abs(y * moved))
            #expect(abs(Double(r[i + 3]) - weight * f.slope) <= 1e-6 * weight * (abs(f.slope) + slack(kind)) + 1e-36)
            #expect(abs(Double(h[i + 3]) - weight * f.second) <= 1e-6 * weight * f.second + 1e-36)
            squares += Double(h[i + 3]) * Double(slopes[i]) * Double(slopes[i])
        }
        #expect(abs(total - sum) <= 1e-6 * size + 1e-36, "\(kind) \(margins.first ?? 0) \(count)")
        #expect(abs(along - sumAlong) <= 1e-6 * sizeAlong + 1e-36, "\(kind) \(margins.first ?? 0) \(count)")
        #expect(abs(kernels.squareSum(count: count, h.pointer + 3, slopes) - squares) <= 1e-12 * squares)
        #expect((0..<3).allSatisfy { r[$0] == 0 && h[$0] == 0 })
    }

    /// Residuals are differences of numbers about 1, except the logistic one.
    private func slack(_ kind: LossKind) -> Double { kind == .logistic ? 0 : 1 }

    private func withOptionalPointer<R>(_ values: [Float]?, _ body: (UnsafePointer<Float>?) -> R) -> R {
        guard let values else { return body(nil) }
        return values.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
