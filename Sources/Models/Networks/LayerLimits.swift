import Datasets

extension LayerDescription {
    /// What a layer may have at most: numbers in a text may be anything, and so may their products.
    enum Limit {
        /// Values of one sample.
        static let values = 1 << 28
        static let parameters = 1 << 40
    }

    /// Throws `ModelError` for a layer that no memory holds, before anything is multiplied that could be too large.
    func checkSize(input: SampleShape) throws {
        let (output, parameters): ([Int], [Int]) =
            switch kind {
            case .dense(let units): ([units], [input.count, units])
            case .convolution(let channels, let window):
                (
                    window.fitted(to: input).map { [channels, $0.outHeight, $0.outWidth] } ?? [channels],
                    [channels, input.channels, window.size.height, window.size.width]
                )
            case .pad(let margin):
                ([input.channels, input.height + 2 * margin, input.width + 2 * margin], [])
            default: ([input.count], [])
            }
        func isAtMost(_ limit: Int, _ factors: [Int]) -> Bool {
            var product = 1
            for factor in factors {
                let (next, overflow) = product.multipliedReportingOverflow(by: factor)
                guard !overflow, next <= limit else { return false }
                product = next
            }
            return true
        }
        guard isAtMost(Limit.values, output), isAtMost(Limit.parameters, parameters) else {
            throw ModelError("it would be too large for any memory: give smaller numbers")
        }
    }
}
