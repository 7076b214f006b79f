import Datasets

/// A curve in several rows of characters: braille patterns, which have 2 × 4 dots each, or asterisks.
package enum DotPlot {
    /// Rows from the top. `values` are at equal distances from left to right, `width(columns:unicode:)` of them are
    /// drawn best; nil and what is no number is left out.
    package static func rows(_ values: [Double?], columns: Int, rows: Int, unicode: Bool) -> [String] {
        let dotsAcross = unicode ? 2 : 1
        let dotsDown = unicode ? 4 : 1
        let height = rows * dotsDown
        let finite = values.compactMap { $0 }.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max(), columns > 0, rows > 0 else {
            return [String](repeating: String(repeating: " ", count: max(0, columns)), count: max(0, rows))
        }
        var cells = [[UInt8]](repeating: [UInt8](repeating: 0, count: columns), count: rows)
        func dot(_ x: Int, _ y: Int) {
            guard x / dotsAcross < columns else { return }
            cells[y / dotsDown][x / dotsAcross] |= bit(x % dotsAcross, y % dotsDown)
        }
        var last: Int?
        for (x, value) in values.enumerated() {
            guard let value, value.isFinite else {
                last = nil
                continue
            }
            let share = high > low ? (value - low) / (high - low) : 0.5
            let y = height - 1 - min(height - 1, Int(saturating: (share * Double(height)).rounded(.down)))
            // A steep part is drawn through.
            for between in min(y, last ?? y)...max(y, last ?? y) { dot(x, between) }
            last = y
        }
        return cells.map { row in
            String(
                row.map { cell -> Character in
                    guard cell != 0 else { return " " }
                    return unicode ? Character(Unicode.Scalar(UInt16(0x2800) + UInt16(cell)) ?? " ") : "*"
                })
        }
    }

    /// How many values fill `columns`.
    package static func width(columns: Int, unicode: Bool) -> Int { unicode ? 2 * columns : columns }

    private static func bit(_ x: Int, _ y: Int) -> UInt8 {
        y == 3 ? 0x40 << UInt8(x) : 1 << UInt8(y + 3 * x)
    }
}
