/// Recognises what stands for a missing value: the empty field and the listed words, in any case.
struct MissingText: Sendable {
    /// By their lengths.
    private let words: [[[UInt8]]]
    private let longest: Int
    /// Some word reads as a number (−999), so numbers must be compared too.
    let includesNumbers: Bool

    /// - Parameter words: besides those that are always known.
    init(_ words: [String]) {
        let words = ReadOptions.knownMissing + words
        let folded = words.map { MissingText.folded(Array($0.utf8)) }
        let longest = folded.map(\.count).max() ?? 0
        self.longest = longest
        self.words = (0...longest).map { length in folded.filter { $0.count == length } }
        includesNumbers = words.contains { Double($0)?.isFinite == true }
    }

    func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if text.isEmpty { return true }
        if text.count > longest { return false }
        return words[text.count].contains { word in
            zip(word, text).allSatisfy { $0 == MissingText.folded($1) }
        }
    }

    private static func folded(_ text: [UInt8]) -> [UInt8] { text.map(folded) }
    private static func folded(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

/// What one field holds.
enum CellValue {
    case missing
    case number(Double)
    /// A number too large for Double, or the word inf or nan.
    case notFinite
    case text

    var isMissing: Bool { if case .missing = self { true } else { false } }
}

extension CSVTokenizer {
    @inline(__always)
    func value(_ field: CSVField, _ missing: MissingText) -> CellValue {
        if let number = number(field), !missing.includesNumbers || !withText(field, missing.matches) {
            return number.isFinite ? .number(number) : .notFinite
        }
        return withText(field) { text in
            if missing.matches(text) { return .missing }
            return text.count <= 9 && NumberParser.isNotFiniteWord(text) ? .notFinite : .text
        }
    }
}
