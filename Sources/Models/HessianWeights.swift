import Kernels

extension ScalarLoss {
    public var curvatureAtZero: Double { (secondDerivative(0, 0) + secondDerivative(0, 1)) / 2 }

    public func hessianWeights(_ block: MarginBlock, into weights: UnsafeMutablePointer<Float>) {
        for row in 0..<block.rows {
            let second = secondDerivative(Double(block.margins[row]), Double(block.labels[row]))
            weights[row] = Float(block.weight(row) * second)
        }
    }
}

extension SoftmaxLoss {
    public var curvatureAtZero: Double { (1 - 1 / Double(classes)) / Double(classes) }

    /// mean_c p_c (1 − p_c) = (1 − Σ p_c²)/C.
    public func hessianWeights(_ block: MarginBlock, into weights: UnsafeMutablePointer<Float>) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: block.rows * classes) { probabilities in
            guard let p = probabilities.baseAddress else { return }
            predict(block, into: p)
            for row in 0..<block.rows {
                var squares = 0.0
                for c in 0..<classes {
                    let probability = Double(p[row * classes + c])
                    squares += probability * probability
                }
                weights[row] = Float(block.weight(row) * max(0, 1 - squares) / Double(classes))
            }
        }
    }
}
