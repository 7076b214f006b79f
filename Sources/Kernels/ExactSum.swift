/// A sum of Doubles without any rounding, whatever their sizes and order: a fixed-point number as wide as all of Double
/// (Kulisch). For few numbers, or numbers whose sizes nobody knows; many have a `SumGrid`.
public struct ExactSum: Sendable {
    /// Digits to the base 2³², not normalised, the first worth 2^−1074; then how often a number was not finite.
    private var digits = [Int](repeating: 0, count: Self.wordCount)
    private var additions = 0

    private static let wordCount = 69
    private static let base = 1 << 32

    public init() {}

    public mutating func add(_ value: Double) {
        guard value.isFinite else {
            digits[Self.wordCount - 1] += 1
            return
        }
        guard value != 0 else { return }
        let fraction = Int(value.significandBitPattern)
        // value = mantissa · 2^(place − 1074).
        let mantissa = value.isNormal ? fraction | 1 << 52 : fraction
        let place = value.isNormal ? Int(value.exponentBitPattern) - 1 : 0
        let (index, shift) = (place / 32, place % 32)
        let (low, high) = ((mantissa & (Self.base - 1)) << shift, (mantissa >> 32) << shift)
        let sign = value < 0 ? -1 : 1
        // Each is below 2³³: 2²⁹ of them fit.
        digits[index] += sign * (low & (Self.base - 1))
        digits[index + 1] += sign * ((low >> 32) + (high & (Self.base - 1)))
        digits[index + 2] += sign * (high >> 32)
        additions += 1
        if additions == 1 << 28 { normalise() }
    }

    private mutating func normalise() {
        var carry = 0
        for index in 0..<Self.wordCount - 2 {
            let total = digits[index] + carry
            digits[index] = total & (Self.base - 1)
            carry = total >> 32
        }
        digits[Self.wordCount - 2] += carry
        additions = 0
    }

    /// The sum as numbers whose sums over ranks, in Double and in any order, are those of the sum over ranks.
    public var words: [Double] {
        var copy = self
        copy.normalise()
        return copy.digits.map { Double($0) }
    }

    public static var words: Int { wordCount }

    /// From sums of `words`.
    public init(words: some Sequence<Double>) {
        for (index, word) in words.enumerated() { digits[index] = Int(word) }
    }

    /// To within a unit in the last place, and the same for the same sum.
    public var value: Double {
        guard digits[Self.wordCount - 1] == 0 else { return .nan }
        var copy = self
        copy.normalise()
        // Digits of the size of a negative sum.
        let isNegative = copy.digits[Self.wordCount - 2] < 0
        if isNegative {
            for index in 0..<Self.wordCount - 1 { copy.digits[index] = -copy.digits[index] }
            copy.normalise()
        }
        var sum = 0.0
        for index in stride(from: Self.wordCount - 2, through: 0, by: -1) where copy.digits[index] != 0 {
            sum +=
                Double(copy.digits[index])
                * Double(sign: .plus, exponent: max(32 * index - 1074, -1074), significand: 1)
        }
        return isNegative ? -sum : sum
    }
}
