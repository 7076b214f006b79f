/// What the values of a column are.
enum ArrowType: Codable, Sendable, Equatable {
    case null
    case integer(bits: Int, isSigned: Bool)
    case float(bits: Int)
    case boolean
    /// UTF-8; offsets of 64 bits where large.
    case text(isLarge: Bool)
    /// Days, or milliseconds that are whole days.
    case date(inMilliseconds: Bool)
    /// Digits of the fraction of a second: 0, 3, 6 or 9. With a zone, times are UTC.
    case timestamp(digits: Int, hasZone: Bool)
    case decimal(bits: Int, scale: Int)
    /// Read by no one: a list, a struct, bytes, …
    case other(String)

    /// Bits of a value; 0 where values are of no fixed width.
    var bits: Int {
        switch self {
        case .null, .text, .other: 0
        case .boolean: 1
        case .integer(let bits, _), .float(let bits), .decimal(let bits, _): bits
        case .date(let inMilliseconds): inMilliseconds ? 64 : 32
        case .timestamp: 64
        }
    }
}

/// One column of a schema, and how much of a record batch it takes.
struct ArrowField: Codable, Sendable, Equatable {
    var name: String
    /// Of the values; of the dictionary's values where there is one.
    var type: ArrowType
    /// The values are places in the dictionary of this number.
    var dictionary: Int64?
    var indexType = ArrowType.integer(bits: 32, isSigned: true)
    /// Entries of a record batch, those of nested columns included.
    var nodes = 1
    var buffers = 2
    /// Columns whose number of buffers the batch says.
    var views = 0

    /// What the batch holds.
    var storedType: ArrowType { dictionary == nil ? type : indexType }
}

/// The columns of a table.
struct ArrowSchema: Codable, Sendable, Equatable {
    var fields: [ArrowField] = []

    init(_ table: FlatTable) throws(ArrowFault) {
        guard try table.number(0, default: Int16(0)) == 0 else {
            throw ArrowFault("is big-endian; write it on the usual machine, or as CSV")
        }
        // Offsets may make a tree of many more columns than there are bytes.
        var budget = table.buffer.bytes.count
        var fields: [ArrowField] = []
        try table.tables(1) { field throws(ArrowFault) in
            fields.append(try ArrowSchema.field(field, depth: 0, &budget))
        }
        self.fields = fields
        guard fields.count <= CSVTokenizer.mostFields else {
            throw ArrowFault("has more than \(CSVTokenizer.mostFields) columns")
        }
    }

    private static func field(_ table: FlatTable, depth: Int, _ budget: inout Int) throws(ArrowFault) -> ArrowField {
        let name = try table.string(0) ?? ""
        budget -= 16 + name.utf8.count
        guard depth < 32, budget >= 0 else { throw .damaged }
        let kind = try table.number(2, default: UInt8(0))
        var made = ArrowField(name: name, type: try type(kind, table.table(3)))
        made.buffers = buffers(kind, try table.table(3))
        made.views = kind == 23 || kind == 24 ? 1 : 0
        var children: [ArrowField] = []
        try table.tables(5) { child throws(ArrowFault) in
            children.append(try field(child, depth: depth + 1, &budget))
        }
        if let encoding = try table.table(4) {
            // Of a dictionary only the places are in the batch.
            made.dictionary = try encoding.number(0, default: Int64(0))
            if let index = try encoding.table(1) { made.indexType = try type(2, index) }
            (made.nodes, made.buffers, made.views) = (1, 2, 0)
            if !children.isEmpty { made.type = .other("a dictionary of nested values") }
            return made
        }
        for child in children {
            made.nodes += child.nodes
            made.buffers += child.buffers
            made.views += child.views
        }
        return made
    }

    private static func type(_ kind: UInt8, _ table: FlatTable?) throws(ArrowFault) -> ArrowType {
        func number<T: FixedWidthInteger>(_ field: Int, _ value: T) throws(ArrowFault) -> Int {
            Int(try table?.number(field, default: value) ?? value)
        }
        switch kind {
        case 1: return .null
        case 2:
            let bits = try number(0, Int32(0))
            guard [8, 16, 32, 64].contains(bits) else { throw .damaged }
            return .integer(bits: bits, isSigned: try number(1, UInt8(0)) != 0)
        case 3:
            let precision = try number(0, Int16(0))
            guard (0...2).contains(precision) else { throw .damaged }
            return .float(bits: 16 << precision)
        case 5, 20: return .text(isLarge: kind == 20)
        case 6: return .boolean
        case 7:
            let (bits, scale) = (try number(2, Int32(128)), try number(1, Int32(0)))
            guard [32, 64, 128].contains(bits), (-76...76).contains(scale) else {
                return .other("decimal\(bits), which is wider than a number")
            }
            return .decimal(bits: bits, scale: scale)
        case 8: return .date(inMilliseconds: try number(0, Int16(1)) == 1)
        case 10:
            let unit = try number(0, Int16(0))
            guard (0...3).contains(unit) else { throw .damaged }
            return .timestamp(digits: 3 * unit, hasZone: try table?.string(1)?.isEmpty == false)
        case 14: return .other("a union")
        default: return .other(names[kind] ?? "a type of number \(kind), which this version does not know")
        }
    }

    private static let names: [UInt8: String] = [
        4: "binary", 9: "time of day", 11: "interval", 12: "list", 13: "struct", 15: "binary", 16: "list", 17: "map",
        18: "duration", 19: "binary", 21: "list", 22: "run-end encoded", 23: "binary", 24: "string view", 25: "list",
        26: "list",
    ]

    /// Buffers of a column itself.
    private static func buffers(_ kind: UInt8, _ table: FlatTable?) -> Int {
        switch kind {
        case 1, 22: 0
        case 13, 16: 1
        case 4, 5, 19, 20, 25, 26: 3
        // A dense union has offsets.
        case 14: (try? table?.number(0, default: Int16(0))) ?? 0 == 1 ? 2 : 1
        default: 2
        }
    }

    /// Throws where a column that is needed is of a type that is not read.
    func require(_ positions: [Int], file: String) throws(ParseError) {
        for position in positions {
            guard case .other(let type) = fields[position].type else { continue }
            throw ParseError(
                file: file,
                message:
                    "column '\(fields[position].name)' holds \(ArrowSchema.phrase(type)), not numbers, texts or dates; "
                    + "make them of it, or leave it out with `drop`")
        }
    }

    private static func phrase(_ type: String) -> String {
        switch type {
        case "list", "struct", "map": "nested values (\(type))"
        case "binary": "bytes (binary)"
        case "duration": "durations"
        case "string view": "string views (polars writes strings with compat_level=CompatLevel.oldest())"
        default: type
        }
    }
}
