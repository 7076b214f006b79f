/// Whether a model wants classes or numbers as labels.
public enum LabelKind: String, Codable, Sendable { case classes, values }

/// What `Dataset.labels` holds. Stored with the model.
public enum LabelEncoding: Sendable, Equatable {
    /// Index of the class, 0 ..< C. Names are those of the training file ("1", "-1", "spruce"): ascending when all are
    /// numbers, else in the order of their UTF-8 bytes.
    case classes([String])
    /// The number, scaled.
    case values(LabelScale)

    public var kind: LabelKind {
        switch self {
        case .classes: .classes
        case .values: .values
        }
    }

    /// Empty for values.
    public var classNames: [String] {
        switch self {
        case .classes(let names): names
        case .values: []
        }
    }

    /// C; 0 for values.
    public var classCount: Int { classNames.count }

    /// How values are scaled; for classes not at all.
    public var scale: LabelScale {
        switch self {
        case .classes: .none
        case .values(let scale): scale
        }
    }

    /// Rows of each class.
    ///
    /// - Parameter names: the table's text labels; empty for numbers.
    public func counts(_ summary: LabelSummary, names: [String]) -> [Int] {
        var counts = [Int](repeating: 0, count: classCount)
        let lookup = LabelLookup(self, names: names)
        for (value, rows) in zip(summary.values, summary.counts) {
            let place = lookup(value)
            if place.isFinite, counts.indices.contains(Int(place)) { counts[Int(place)] += rows }
        }
        return counts
    }

    /// The encoding of a training set, values as they are. Throws `DatasetError` when the labels cannot be what is asked for.
    ///
    /// - Parameter positive: of two classes the one that comes second, by its name or number.
    init(_ kind: LabelKind, summary: LabelSummary, names: [String], positive: String? = nil) throws {
        switch kind {
        case .values:
            guard !summary.areText else {
                let example = names.first ?? ""
                throw DatasetError("the labels are text ('\(example)'): choose a classification model")
            }
            self = .values(.none)
        case .classes:
            guard !summary.isCapped else {
                throw DatasetError(
                    "the labels have more than \(summary.allIntegers ? LabelSummary.mostClasses : LabelSummary.cap) distinct values: "
                        + "choose a regression model (ridge)")
            }
            let classes = summary.areText ? names : summary.values.map(LabelEncoding.name(of:))
            guard classes.count >= 2 else {
                throw DatasetError(
                    "every label is '\(classes.first ?? "")': classification needs at least two classes; check the label column"
                )
            }
            if summary.areText, classes.count > 20, 2 * classes.count > summary.count {
                throw DatasetError(
                    "the labels are \(classes.count) different texts in \(summary.count) rows, as '\(classes[0])': these are no "
                        + "classes; choose another label, or write numbers so that they are read as such")
            }
            self = .classes(try positive.map { try LabelEncoding.ordered(classes, positive: $0) } ?? classes)
        }
        if kind == .values, positive != nil {
            throw DatasetError("`positive` names one of two classes, and the labels are numbers: leave it out")
        }
    }

    private static func ordered(_ classes: [String], positive: String) throws -> [String] {
        guard classes.count == 2 else {
            throw DatasetError("`positive` names one of two classes, and there are \(classes.count): leave it out")
        }
        guard let place = LabelEncoding.place(of: positive, in: classes) else {
            throw DatasetError("`positive` \(positive): the classes are \(classes[0]) and \(classes[1])")
        }
        return [classes[1 - place], classes[place]]
    }

    /// The class that people mean by a name, or by a number however it is written.
    package static func place(of name: String, in classes: [String]) -> Int? {
        classes.firstIndex(of: name)
            ?? Double(name).flatMap { number in classes.firstIndex { Double($0) == number } }
    }

    /// A numeric label as text: "1", "-1", "2.5".
    static func name(of value: Double) -> String {
        if let whole = Int(exactly: value) { return String(whole) }
        return String(value)
    }

    /// Ascending numbers when all names are numbers, else the order of the UTF-8 bytes.
    static func sorted(_ names: some Sequence<String>) -> [String] {
        let names = Array(names)
        let numbers = names.compactMap { Double($0) }
        guard numbers.count == names.count else { return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
        return zip(numbers, names).sorted { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1 < $1.1 }.map(\.1)
    }
}

/// Turns the labels of one table into what the encoding says. Text and numbers match by value: "+1.0" is class "1".
struct LabelLookup {
    private var byNumber: [Double: Float] = [:]
    /// The same as a list where that is short: it is quicker to search.
    private var list: [(number: Double, label: Float)] = []
    private static let longestList = 32
    /// For text: the table's label index to the class.
    private var byIndex: [Float] = []
    private let isText: Bool
    /// Of values; nil for classes.
    private let scale: LabelScale?

    /// - Parameter names: the table's text labels; empty for numeric labels.
    init(_ encoding: LabelEncoding, names: [String]) {
        isText = !names.isEmpty
        guard case .classes(let classes) = encoding else {
            let scale = encoding.scale
            self.scale = scale
            byIndex = names.map { Double($0).map { Float(scale.stored($0)) } ?? .nan }
            return
        }
        scale = nil
        var byName: [String: Float] = [:]
        for (index, name) in classes.enumerated() {
            byName[name] = Float(index)
            if let number = Double(name) { byNumber[number] = Float(index) }
        }
        if byNumber.count <= Self.longestList { list = byNumber.map { ($0, $1) } }
        byIndex = names.map { name in byName[name] ?? Double(name).flatMap { byNumber[$0] } ?? .nan }
    }

    /// NaN for a missing label and for one the encoding does not know.
    func callAsFunction(_ label: Double) -> Float {
        if label.isNaN { return .nan }
        if isText { return byIndex[Int(label)] }
        if let scale { return Float(scale.stored(label)) }
        if list.isEmpty { return byNumber[label] ?? .nan }
        for entry in list where entry.number == label { return entry.label }
        return .nan
    }
}

extension LabelEncoding: Codable {
    private enum CodingKeys: String, CodingKey { case classes, values }
    private enum ClassKeys: String, CodingKey { case names = "_0" }

    /// Models of version 0.1.0 have values without a scale.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if container.contains(.classes) {
            let nested = try container.nestedContainer(keyedBy: ClassKeys.self, forKey: .classes)
            self = .classes(try nested.decode([String].self, forKey: .names))
            return
        }
        let scale = try? container.decode(LabelScale.self, forKey: .values)
        guard scale != nil || container.contains(.values) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "neither classes nor values"))
        }
        self = .values(scale ?? .none)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .classes(let names):
            var nested = container.nestedContainer(keyedBy: ClassKeys.self, forKey: .classes)
            try nested.encode(names, forKey: .names)
        case .values(let scale):
            try container.encode(scale, forKey: .values)
        }
    }
}
