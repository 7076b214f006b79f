import Datasets

/// Curves and bars out of characters.
package enum Sparkline {
    /// One character a value, its height in proportion; nil: a gap. Values that are no numbers are gaps.
    /// - Parameter from: the value of the lowest level; nil: the smallest value.
    package static func text(_ values: [Double?], unicode: Bool, from: Double? = nil) -> String {
        let levels = Array(unicode ? "▁▂▃▄▅▆▇█" : "_.-=+*#@")
        let finite = values.compactMap { $0 }.filter(\.isFinite)
        guard let low = from ?? finite.min(), let high = finite.max() else {
            return String(repeating: " ", count: values.count)
        }
        return String(
            values.map { value -> Character in
                guard let value, value.isFinite else { return " " }
                guard high > low else { return levels[3] }
                return levels[
                    max(
                        0,
                        min(
                            levels.count - 1,
                            Int(saturating: ((value - low) / (high - low) * Double(levels.count)).rounded(.down))))]
            })
    }

    /// A bar of `width` characters, shared out by largest remainder: lengths of the parts.
    package static func lengths(_ shares: [Double], width: Int) -> [Int] {
        let total = shares.reduce(0, +)
        guard total > 0, total.isFinite, width > 0 else { return shares.map { _ in 0 } }
        let exact = shares.map { $0 / total * Double(width) }
        var lengths = exact.map { Int(saturating: $0.rounded(.down)) }
        let order = exact.indices.sorted { exact[$0] - Double(lengths[$0]) > exact[$1] - Double(lengths[$1]) }
        for index in order.prefix(max(0, width - lengths.reduce(0, +))) { lengths[index] += 1 }
        return lengths
    }
}
