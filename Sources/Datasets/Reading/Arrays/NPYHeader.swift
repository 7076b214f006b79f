/// The head of a NumPy array (format versions 1 to 3).
enum NPYHeader {
    static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

    /// - Parameter head: the first 12 bytes, or all there are.
    static func read(_ source: ArraySource, _ head: [UInt8]) throws -> ArrayHeader {
        let cutOff = ParseError(file: source.name, message: "the NPY header is cut off; copy the file again")
        guard head.count >= 10 else { throw cutOff }
        guard (1...3).contains(head[6]) else {
            throw ParseError(file: source.name, message: "has NPY version \(head[6]); versions 1 to 3 are supported")
        }
        let start = head[6] == 1 ? 10 : 12
        guard head.count >= start else { throw cutOff }
        let length =
            head[6] == 1
            ? Int(head[8]) | Int(head[9]) << 8
            : (0..<4).reduce(0) { $0 | Int(head[8 + $1]) << (8 * $1) }
        guard length <= 1 << 20, start + length <= source.byteCount ?? .max else { throw cutOff }
        let text = try source.head(start + length).dropFirst(start)
        guard text.count == length else { throw cutOff }
        let dictionary = NPYDictionary(String(decoding: text, as: UTF8.self))
        if dictionary.isList("descr") { throw NPYType.refusal("a structured type", source) }
        guard let description = dictionary.string("descr"), let order = dictionary.word("fortran_order"),
            order == "True" || order == "False", let extents = dictionary.integers("shape")
        else {
            throw ParseError(
                file: source.name,
                message: "the NPY header is not understood: it needs plain descr, fortran_order, shape")
        }
        let type = try NPYType(description, source)
        let header = ArrayHeader(
            element: type.element, isBigEndian: type.isBigEndian, isFortran: order == "True", extents: extents,
            start: start + length, characters: type.characters)
        try header.checkLength(source)
        return header
    }
}

/// The Python dictionary literal in an NPY header.
private struct NPYDictionary {
    private let text: Substring

    init(_ text: String) { self.text = text[...] }

    /// What follows `'key':`, blanks skipped.
    private func value(_ key: String) -> Substring? {
        for quote in ["'", "\""] {
            let wanted = quote + key + quote
            var rest = text
            while !rest.isEmpty, !rest.hasPrefix(wanted) { rest = rest.dropFirst() }
            guard !rest.isEmpty else { continue }
            rest = rest.dropFirst(wanted.count).drop { $0 == " " }
            guard rest.first == ":" else { continue }
            return rest.dropFirst().drop { $0 == " " }
        }
        return nil
    }

    func string(_ key: String) -> String? {
        guard let value = value(key), let quote = value.first, quote == "'" || quote == "\"" else { return nil }
        return String(value.dropFirst().prefix { $0 != quote })
    }

    /// Fields, each with a type of its own.
    func isList(_ key: String) -> Bool { value(key)?.first == "[" }

    func word(_ key: String) -> String? { value(key).map { String($0.prefix { $0.isLetter }) } }

    func integers(_ key: String) -> [Int]? {
        guard let value = value(key), value.first == "(" else { return nil }
        var numbers: [Int] = []
        for part in value.dropFirst().prefix(while: { $0 != ")" }).split(separator: ",") {
            let digits = part.filter { $0 != " " && $0 != "L" }
            guard !digits.isEmpty else { continue }
            guard let number = Int(digits), number >= 0 else { return nil }
            numbers.append(number)
        }
        return numbers
    }
}
