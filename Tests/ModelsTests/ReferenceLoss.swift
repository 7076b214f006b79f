import Foundation

@testable import Models

/// f(m, y) and ∂f/∂m of one sample in Double, straight from the definitions.
protocol ReferenceLoss: MarginLoss {
    func reference(_ margins: [Double], _ label: Double) -> Double
    func referenceDerivative(_ margins: [Double], _ label: Double) -> [Double]
}

extension SquaredError: ReferenceLoss {
    func reference(_ m: [Double], _ y: Double) -> Double { pow(m[0] - y, 2) / 2 }
    func referenceDerivative(_ m: [Double], _ y: Double) -> [Double] { [m[0] - y] }
}

extension LogisticLoss: ReferenceLoss {
    func reference(_ m: [Double], _ y: Double) -> Double { log1p(exp(y == 1 ? -m[0] : m[0])) }
    func referenceDerivative(_ m: [Double], _ y: Double) -> [Double] { [1 / (1 + exp(-m[0])) - y] }
}

extension SquaredHinge: ReferenceLoss {
    func reference(_ m: [Double], _ y: Double) -> Double { pow(max(0, 1 - (y == 1 ? m[0] : -m[0])), 2) }
    func referenceDerivative(_ m: [Double], _ y: Double) -> [Double] {
        y == 1 ? [-2 * max(0, 1 - m[0])] : [2 * max(0, 1 + m[0])]
    }
}

extension HuberLoss: ReferenceLoss {
    func reference(_ m: [Double], _ y: Double) -> Double {
        abs(m[0] - y) < delta ? pow(m[0] - y, 2) / 2 : delta * abs(m[0] - y) - delta * delta / 2
    }
    func referenceDerivative(_ m: [Double], _ y: Double) -> [Double] {
        abs(m[0] - y) < delta ? [m[0] - y] : [m[0] > y ? delta : -delta]
    }
}

extension PoissonLoss: ReferenceLoss {
    func reference(_ m: [Double], _ y: Double) -> Double { exp(m[0]) - y * m[0] }
    func referenceDerivative(_ m: [Double], _ y: Double) -> [Double] { [exp(m[0]) - y] }
}

extension SoftmaxLoss: ReferenceLoss {
    // Less the largest margin, so that nothing overflows.
    func reference(_ m: [Double], _ y: Double) -> Double {
        let top = m.max() ?? 0
        return log(m.reduce(0) { $0 + exp($1 - top) }) + top - m[Int(y)]
    }
    func referenceDerivative(_ m: [Double], _ y: Double) -> [Double] {
        let top = m.max() ?? 0
        let total = m.reduce(0) { $0 + exp($1 - top) }
        return m.indices.map { exp(m[$0] - top) / total - (Double($0) == y ? 1 : 0) }
    }
}

extension LinearModel where Loss: ReferenceLoss {
    func margins(_ data: TestData, _ row: Int, _ parameters: [Float]) -> [Double] {
        let x = data.row(row)
        return (0..<loss.classes).map { c in
            let start = hasIntercept ? Double(parameters[penalisedCount + c]) : 0
            return x.indices.reduce(start) { $0 + x[$1] * Double(parameters[$1 * loss.classes + c]) }
        }
    }

    func referenceLoss(_ data: TestData, _ row: Int, _ parameters: [Float]) -> Double {
        Double(data.weights?[row] ?? 1)
            * loss.reference(margins(data, row, parameters), Double(data.labels[row]))
    }

    /// ∇f(x; z_i), formed explicitly.
    func referenceGradient(_ data: TestData, _ row: Int, _ parameters: [Float]) -> [Double] {
        let weight = Double(data.weights?[row] ?? 1)
        let r = loss.referenceDerivative(margins(data, row, parameters), Double(data.labels[row])).map { $0 * weight }
        return data.row(row).flatMap { x in r.map { x * $0 } } + (hasIntercept ? r : [])
    }
}
