/// Where something was first seen.
struct Sighting: Codable, Sendable {
    var file: String
    /// Byte at which the line starts, or the row, from 0.
    var offset: Int
    var line: Int?
    var text: String
    var isRow = false

    /// The earlier one, by file name and place.
    static func first(_ a: Sighting?, _ b: Sighting?) -> Sighting? {
        guard let a, let b else { return a ?? b }
        return (a.file, a.offset) <= (b.file, b.offset) ? a : b
    }

    func error(_ message: String) -> ParseError {
        var error = ParseError(file: file, message: message)
        if isRow {
            error.row = offset + 1
            return error
        }
        error.lineInChunk = 1
        error.chunkOffset = offset
        error.firstLine = line
        return error
    }
}

/// What one column holds, over some of the rows.
struct ColumnScan: Codable, Sendable {
    /// Distinct texts beyond this are refused: each is a feature, and a model's file names them all.
    static let categoryLimit = 1 << 20
    /// Distinct dates, and numbers in other forms, beyond this are not kept as texts.
    static let dateLimit = 20_000
    /// Distinct numbers beyond this make a column numeric for good.
    static let numberLimit = 1_000

    /// Every value is a category, numbers too.
    var isCategorical = false
    /// Texts may be dates.
    var dates: DateScan?
    var firstNotDate: Sighting?
    /// For each order of its parts, the first date that is none in it.
    var firstMisfits: [Sighting?] = DateText.Order.allCases.map { _ in nil }
    /// There were too many different dates or numbers to keep them as texts too.
    var areReadAlone = false
    /// Of labels, words for a missing value are counted: they may be the names of classes.
    var missingWords: CategoryTable?
    var numbers = 0
    var texts = 0
    var missing = 0
    var notFinite = 0
    private var sum = CompensatedSum()
    /// Texts as numbers that are not plainly written, and the first that is none.
    var forms = FormScan()
    var firstFormless: Sighting?
    var firstText: Sighting?
    var firstNotFinite: Sighting?
    var firstMissing: Sighting?
    var firstNegative: Sighting?
    /// The distinct texts, until there are more than the limit.
    var textTable = CategoryTable()
    var hasTooManyTexts = false
    /// The distinct numbers as written, until there are more than the limit.
    var numberTable = CategoryTable()
    var hasManyNumbers = false
    /// Some numbers were passed over: only beside texts does it matter which there are.
    var hasOtherNumbers = false
    /// Some number is written as no number is: 01234.
    var looksLikeCodes = false

    mutating func add(number: Double) {
        numbers += 1
        sum.add(number)
    }

    /// As many numbers, with their sum.
    mutating func add(numbers count: Int, _ sum: CompensatedSum) {
        numbers += count
        self.sum.add(sum)
    }

    mutating func addNumberText(_ text: UnsafeBufferPointer<UInt8>) {
        if numberTable.add(text), numberTable.count > ColumnScan.numberLimit { forgetNumbers() }
    }

    /// - Parameter isRead: it is a date, or a number in another form.
    mutating func addText(_ text: UnsafeBufferPointer<UInt8>, isRead: Bool) -> Bool {
        guard !hasTooManyTexts else { return false }
        if isRead, textTable.count >= ColumnScan.dateLimit { areReadAlone = true }
        if isRead, areReadAlone { return false }
        let isNew = textTable.add(text)
        if textTable.count > ColumnScan.categoryLimit { forgetTexts() }
        return isNew
    }

    mutating func forgetNumbers() {
        hasManyNumbers = true
        numberTable = CategoryTable()
    }

    private mutating func forgetTexts() {
        hasTooManyTexts = true
        textTable = CategoryTable()
    }

    mutating func merge(_ other: ColumnScan) {
        numbers += other.numbers
        texts += other.texts
        missing += other.missing
        if let words = other.missingWords { missingWords?.merge(words) }
        if let others = other.dates { dates?.merge(others) }
        firstNotDate = .first(firstNotDate, other.firstNotDate)
        firstMisfits = zip(firstMisfits, other.firstMisfits).map { .first($0, $1) }
        areReadAlone = areReadAlone || other.areReadAlone
        notFinite += other.notFinite
        sum.add(other.sum)
        forms.merge(other.forms)
        firstFormless = .first(firstFormless, other.firstFormless)
        firstText = .first(firstText, other.firstText)
        firstNotFinite = .first(firstNotFinite, other.firstNotFinite)
        firstMissing = .first(firstMissing, other.firstMissing)
        firstNegative = .first(firstNegative, other.firstNegative)
        hasOtherNumbers = hasOtherNumbers || other.hasOtherNumbers
        looksLikeCodes = looksLikeCodes || other.looksLikeCodes
        if other.hasManyNumbers { forgetNumbers() }
        if other.hasTooManyTexts { forgetTexts() }
        if !hasManyNumbers { numberTable.merge(other.numberTable) }
        if !hasTooManyTexts { textTable.merge(other.textTable) }
        if numberTable.count > ColumnScan.numberLimit { forgetNumbers() }
        if textTable.count > ColumnScan.categoryLimit { forgetTexts() }
    }

    /// Mean of the numbers, with those that texts are.
    func mean(with texts: CompensatedSum? = nil, _ count: Int = 0) -> Double {
        var total = sum
        if let texts { total.add(texts) }
        return total.mean(of: numbers + count)
    }

    /// Categories in the order of their UTF-8 bytes: texts, and numbers where a column mixes both.
    var categories: [String] {
        (textTable.texts + numberTable.texts).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

extension ColumnScan {
    /// Whether it cannot be told what the column is, for numbers that were passed over.
    var needsAllNumbers: Bool { texts > 0 && hasOtherNumbers && !hasManyNumbers }

    /// Texts of at least so many rows, and all numbers, whose rows are not counted.
    func categories(inAtLeast rows: Int) -> [String] {
        let frequent = zip(textTable.texts, textTable.counts).filter { $1 >= rows }.map(\.0)
        return (frequent + numberTable.texts).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

extension CategoryTable {
    mutating func merge(_ other: CategoryTable) {
        for (index, times) in other.counts.enumerated() { add(other[index], times) }
    }
}
