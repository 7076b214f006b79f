/// The head of a NumPy file: element type, order and shape (format versions 1 to 3).
struct NPYHeader: Sendable, Equatable {
    static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

    enum Element: String, Sendable, CaseIterable {
        case f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1

        var size: Int { Int(rawValue.utf8.last ?? 0x30) - 0x30 }
    }

    var element: Element
    /// Columns are contiguous instead of rows.
    var isFortran: Bool
    var shape: [Int]
    /// Where the elements start.
    var dataOffset: Int

    /// Reads and checks the head; the file must hold as many bytes as the shape says.
    init(_ file: InputFile) throws {
        var head = [UInt8](repeating: 0, count: 12)
        let got = try head.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        guard got >= 10, head.starts(with: NPYHeader.magic) else {
            throw ParseError(file: file.name, message: "is not an NPY file")
        }
        guard (1...3).contains(head[6]) else {
            throw ParseError(file: file.name, message: "has NPY version \(head[6]); versions 1 to 3 are supported")
        }
        let start = head[6] == 1 ? 10 : 12
        let length =
            head[6] == 1
            ? Int(head[8]) | Int(head[9]) << 8
            : (0..<4).reduce(0) { $0 | Int(head[8 + $1]) << (8 * $1) }
        guard got >= start, length <= 1 << 20, start + length <= file.byteCount else {
            throw ParseError(file: file.name, message: "the NPY header is cut off; copy the file again")
        }
        var text = [UInt8](repeating: 0, count: length)
        _ = try text.withUnsafeMutableBytes { try file.read(into: $0, at: start) }
        dataOffset = start + length
        let dictionary = NPYDictionary(String(decoding: text, as: UTF8.self))
        guard let description = dictionary.string("descr"), let order = dictionary.word("fortran_order"),
            order == "True" || order == "False", let shape = dictionary.integers("shape")
        else {
            throw ParseError(
                file: file.name, message: "the NPY header is not understood: it needs plain descr, fortran_order, shape"
            )
        }
        element = try NPYHeader.element(description, file)
        isFortran = order == "True"
        self.shape = shape
        let (count, overflow) = shape.reduce((1, false)) { total, extent in
            let (product, overflow) = total.0.multipliedReportingOverflow(by: extent)
            return (product, total.1 || overflow)
        }
        let (size, tooLarge) = count.multipliedReportingOverflow(by: element.size)
        guard !overflow, !tooLarge, size <= file.byteCount - dataOffset else {
            let shown = shape.map(String.init).joined(separator: " × ")
            throw ParseError(
                file: file.name,
                message: "is cut off: \(file.byteCount - dataOffset) bytes of data, but \(shown) \(element) need more; "
                    + "copy it again")
        }
    }

    private static func element(_ description: String, _ file: InputFile) throws -> Element {
        let type = String(description.dropFirst())
        guard let order = description.first, "<>|=".contains(order), let element = Element(rawValue: type) else {
            throw ParseError(
                file: file.name,
                message:
                    "has element type '\(description)'; supported are floats (f4, f8), integers (i1 … i8, u1 … u8) "
                    + "and booleans: convert with array.astype('<f4')")
        }
        guard order != ">" || element.size == 1 else {
            throw ParseError(
                file: file.name,
                message: "is big-endian ('\(description)'); convert with array.astype('<\(type)') before saving")
        }
        return element
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
