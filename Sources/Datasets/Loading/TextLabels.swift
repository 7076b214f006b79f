import MPI

/// Labels that arrays hold as texts: what CSV would make of the same ones.
enum TextLabels {
    /// Numbers where all of them are numbers. Words such as NA say that there is no label, unless they are in as many rows
    /// as the rarest of the other classes. Collective.
    static func settle(
        _ parsed: inout [ParsedBlock], _ set: FileSet, _ options: ReadOptions, _ communicator: any Communicator
    ) throws {
        let counts = try mergeFromAll(counts(parsed), communicator) { $0.merge($1, uniquingKeysWith: +) }
        let missing = MissingText(options.missing)
        let words = Set(counts.keys.filter { name in withText(name, missing.matches) })
        let named = counts.filter { !words.contains($0.key) }
        let numbers = named.keys.reduce(into: [String: Double]()) { $0[$1] = number($1) }
        let areNumbers = numbers.count == named.count
        let rarest = named.filter { numbers[$0.key] == nil }.values.min() ?? .max
        let said = Set(options.missing.map { $0.lowercased() })
        let gone = words.filter { said.contains($0.lowercased()) || counts[$0] ?? 0 < rarest }
        try communicator.togetherOnData {
            let wrong = named.keys.filter { name in
                numbers[name].map { !$0.isFinite } ?? withText(name, NumberParser.isNotFiniteWord)
            }
            if let word = wrong.min() {
                throw DatasetError("the label '\(word)' is not a finite number; remove or mend its rows")
            }
            for index in parsed.indices {
                settle(&parsed[index].block, gone, areNumbers ? numbers : nil)
                if options.missingLabel == .error, !options.allowMissingLabels { try requireAll(parsed[index], set) }
            }
        }
    }

    private static func counts(_ parsed: [ParsedBlock]) -> [String: Int] {
        var counts: [String: Int] = [:]
        for entry in parsed where !entry.block.labelNames.isEmpty {
            var rows = [Int](repeating: 0, count: entry.block.labelNames.count)
            for label in entry.block.labels where !label.isNaN { rows[Int(label)] += 1 }
            for (name, rows) in zip(entry.block.labelNames, rows) { counts[name, default: 0] += rows }
        }
        return counts
    }

    /// - Parameter numbers: those of all names; nil: they stay names.
    private static func settle(_ block: inout RowBlock, _ gone: Set<String>, _ numbers: [String: Double]?) {
        guard !block.labelNames.isEmpty else { return }
        var kept: [String] = []
        let values = block.labelNames.map { name -> Double in
            guard !gone.contains(name) else { return .nan }
            if let numbers { return numbers[name] ?? .nan }
            kept.append(name)
            return Double(kept.count - 1)
        }
        for row in block.labels.indices where !block.labels[row].isNaN {
            block.labels[row] = values[Int(block.labels[row])]
        }
        block.labelNames = kept
    }

    private static func requireAll(_ entry: ParsedBlock, _ set: FileSet) throws {
        guard let row = entry.block.labels.firstIndex(where: \.isNaN) else { return }
        let file = set.files[entry.file]
        // Records are placed by their bytes, but for those in Fortran order.
        let header = file.array?.data.header
        let size = header.map { $0.isFortran ? 1 : max(1, $0.bytesPerRow) } ?? 1
        throw ParseError(
            file: file.labels?.source.name ?? file.path,
            message: "row \(entry.offset / size + row + 1): the label is missing; remove this row")
    }

    /// With bytes behind the text that parsers may look at.
    private static func withText<Value>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        let bytes = Array(text.utf8)
        return (bytes + [UInt8](repeating: 0x0A, count: 16)).withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[..<bytes.count]))
        }
    }

    private static func number(_ text: String) -> Double? {
        withText(text) { bytes in
            guard var cursor = bytes.baseAddress else { return nil }
            let end = cursor + bytes.count
            guard let value = NumberParser.parse(&cursor), cursor == end else { return nil }
            return value
        }
    }
}
