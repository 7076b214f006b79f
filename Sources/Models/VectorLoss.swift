import Kernels

/// A scalar loss that has vector kernels: blocks go through them, and the formulas for one sample serve as definition.
public protocol VectorLoss: ScalarLoss {
    var kind: LossKind { get }
}

extension VectorLoss {
    public func loss(_ block: MarginBlock) -> Double {
        block.kernels.loss(
            kind, count: block.rows, margins: block.margins, labels: block.labels, weights: block.weights,
            grid: block.grid)
    }

    public func loss(_ block: MarginBlock, along direction: UnsafePointer<Float>, step: Float) -> Double {
        block.kernels.loss(
            kind, count: block.rows, margins: block.margins, slopes: direction, step: step, labels: block.labels,
            weights: block.weights, grid: block.grid)
    }

    public func residuals(_ block: MarginBlock, into residuals: UnsafeMutablePointer<Float>) -> Double {
        block.kernels.loss(
            kind, count: block.rows, margins: block.margins, labels: block.labels, weights: block.weights,
            grid: block.grid, residuals: residuals)
    }

    public func hessianWeights(_ block: MarginBlock, into weights: UnsafeMutablePointer<Float>) {
        block.kernels.secondDerivatives(
            kind, count: block.rows, margins: block.margins, labels: block.labels, weights: block.weights,
            into: weights)
    }

    public func curvature(_ block: MarginBlock, along direction: UnsafePointer<Float>) -> Double {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: block.rows) { scratch in
            guard let second = scratch.baseAddress else { return 0 }
            hessianWeights(block, into: second)
            return block.kernels.squareSum(count: block.rows, second, direction, grid: block.grid)
        }
    }
}
