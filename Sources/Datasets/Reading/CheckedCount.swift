/// Sums and products of counts that a file states: such numbers may be anything.
enum CheckedCount {
    /// nil where it is negative or beyond Int.
    static func product(_ factors: [Int]) -> Int? {
        var result = 1
        for factor in factors {
            let (product, overflow) = result.multipliedReportingOverflow(by: factor)
            guard factor >= 0, !overflow else { return nil }
            result = product
        }
        return result
    }

    /// nil where a term is negative, or the sum beyond Int.
    static func sum(_ terms: [Int]) -> Int? {
        var result = 0
        for term in terms {
            let (sum, overflow) = result.addingReportingOverflow(term)
            guard term >= 0, !overflow else { return nil }
            result = sum
        }
        return result
    }
}

extension Int {
    /// The product, or the largest number where it is beyond that. For factors ≥ 0.
    func saturating(times factor: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }

    /// The sum, or the largest number where it is beyond that. For terms ≥ 0.
    func saturating(plus term: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(term)
        return overflow ? .max : sum
    }

    /// The nearest whole number, cut to what an Int holds; 0 for NaN.
    package init(saturating value: Double) {
        self = value.isNaN ? 0 : Int(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }
}
