/// How much the rows of each class count.
public enum ClassWeights: Sendable, Equatable {
    /// N / (C · n_c): every class counts as much as the others together would if all were as frequent.
    case balanced
    /// By class; others count 1.
    case listed([(name: String, weight: Double)])

    /// "balanced", or "good=1,bad=20". A name may hold "=": the last one counts.
    public init?(_ text: String) {
        guard text != "balanced" else {
            self = .balanced
            return
        }
        var listed: [(name: String, weight: Double)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let sign = part.lastIndex(of: "="), sign > part.startIndex,
                let weight = Double(part[part.index(after: sign)...]), weight > 0, weight.isFinite
            else { return nil }
            let name = String(part[..<sign])
            guard !listed.contains(where: { $0.name == name }) else { return nil }
            listed.append((name, weight))
        }
        self = .listed(listed)
    }

    public static func == (left: ClassWeights, right: ClassWeights) -> Bool { left.text == right.text }

    public var text: String {
        switch self {
        case .balanced: "balanced"
        case .listed(let list): list.map { "\($0.name)=\($0.weight)" }.joined(separator: ",")
        }
    }

    /// One for each class. Throws `DatasetError` for a name that none has.
    fileprivate func values(_ classes: [String], _ counts: [Int]) throws -> [Double] {
        switch self {
        case .balanced:
            let rows = counts.reduce(0, +)
            return counts.map { Double(rows) / (Double(classes.count) * Double(max($0, 1))) }
        case .listed(let list):
            var values = classes.map { _ in 1.0 }
            for (name, weight) in list {
                guard let place = LabelEncoding.place(of: name, in: classes) else {
                    let known = classes.prefix(10).joined(separator: ", ") + (classes.count > 10 ? ", …" : "")
                    throw DatasetError("`classWeight` \(name): the classes are \(known)")
                }
                values[place] = weight
            }
            return values
        }
    }
}

extension DistributedTable {
    /// Multiplies the weight of every row with that of its class. The same on every rank, before the rows are assembled.
    ///
    /// - Throws: `DatasetError`: labels that are no classes, a class that is not there.
    public func weigh(_ weights: ClassWeights) throws {
        precondition(!isAssembled && cached == nil, "rows are weighed before they are assembled")
        guard case .classes(let classes) = try LabelEncoding(.classes, summary: labels, names: labelNames) else {
            return
        }
        let values = try weights.values(classes, labels.counts)
        let lookup = LabelLookup(.classes(classes), names: labelNames)
        for index in blocks.indices {
            let factors = blocks[index].labels.map { values[Int(lookup($0))] }
            blocks[index].weights =
                blocks[index].weights.isEmpty ? factors : zip(blocks[index].weights, factors).map { $0 * $1 }
        }
        hasWeights = true
        let list = zip(classes, values).prefix(10).map { "\($0) \(($1 * 1e4).rounded() / 1e4)" }.joined(separator: ", ")
        notes.append("rows count by their class: \(list)" + (classes.count > 10 ? ", …" : ""))
    }
}
