/// The values of a column in some rows of a record batch, or of a dictionary: checked, so that every row can be looked at.
struct ArrowColumn: @unchecked Sendable {
    enum Kind: UInt8 {
        case null, int8, int16, int32, int64, uint8, uint16, uint32, uint64, half, float, double, boolean, text32,
            text64,
            date32, date64, timestamp, decimal
    }

    let kind: Kind
    var rows: Int
    /// Of a decimal: digits behind the point. Of a timestamp: digits of the fraction of a second.
    var scale = 0
    /// Of a decimal.
    var width = 0
    var hasZone = false
    /// nil: no value is missing. The first bit is that of row 0 − `bitOffset`.
    var validity: UnsafePointer<UInt8>?
    var bitOffset = 0
    /// Values, or the ends of texts.
    var values: UnsafeRawPointer
    /// The texts; `firstByte` of them lies at the start.
    var data: UnsafePointer<UInt8>
    var firstByte = 0
    /// Of places in a dictionary: its values.
    var dictionary: UnsafePointer<ArrowColumn>?

    /// Memory of what has no values.
    nonisolated(unsafe) static let nothing: UnsafeRawPointer = {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        return UnsafeRawPointer(memory)
    }()

    init(kind: Kind, rows: Int) {
        self.kind = kind
        self.rows = rows
        values = ArrowColumn.nothing
        data = ArrowColumn.nothing.assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always)
    func isNull(_ row: Int) -> Bool {
        guard let validity else { return kind == .null }
        let bit = row &+ bitOffset
        return validity[bit >> 3] >> UInt8(bit & 7) & 1 == 0
    }

    @inline(__always)
    func load<T>(_ row: Int, as type: T.Type) -> T {
        values.loadUnaligned(fromByteOffset: row &* MemoryLayout<T>.size, as: T.self)
    }

    /// A value of an integer of up to 64 bits.
    @inline(__always)
    func integer(_ row: Int) -> Int {
        switch kind {
        case .int8: Int(load(row, as: Int8.self))
        case .int16: Int(load(row, as: Int16.self))
        case .int32, .date32: Int(load(row, as: Int32.self))
        case .uint8: Int(load(row, as: UInt8.self))
        case .uint16: Int(load(row, as: UInt16.self))
        case .uint32: Int(load(row, as: UInt32.self))
        default: Int(load(row, as: Int64.self))
        }
    }

    @inline(__always)
    func bit(_ row: Int) -> Bool {
        let bit = row &+ bitOffset
        return values.load(fromByteOffset: bit >> 3, as: UInt8.self) >> UInt8(bit & 7) & 1 == 1
    }

    @inline(__always)
    func bytes(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        let (start, end) =
            kind == .text32
            ? (Int(load(row, as: Int32.self)), Int(load(row + 1, as: Int32.self)))
            : (Int(load(row, as: Int64.self)), Int(load(row + 1, as: Int64.self)))
        return UnsafeBufferPointer(start: data + (start - firstByte), count: end - start)
    }

    /// What a field's values are, as they are kept here.
    static func kind(_ type: ArrowType) -> Kind? {
        switch type {
        case .null: return .null
        case .integer(8, let isSigned): return isSigned ? .int8 : .uint8
        case .integer(16, let isSigned): return isSigned ? .int16 : .uint16
        case .integer(32, let isSigned): return isSigned ? .int32 : .uint32
        case .integer(_, let isSigned): return isSigned ? .int64 : .uint64
        case .float(16): return .half
        case .float(32): return .float
        case .float: return .double
        case .boolean: return .boolean
        case .text(let isLarge): return isLarge ? .text64 : .text32
        case .date(let inMilliseconds): return inMilliseconds ? .date64 : .date32
        case .timestamp: return .timestamp
        case .decimal: return .decimal
        case .other: return nil
        }
    }
}

/// Values of a dictionary; never changed.
final class ArrowDictionary: @unchecked Sendable {
    let column: UnsafeMutablePointer<ArrowColumn>
    private let owners: [ArrowBytes]

    init(_ column: ArrowColumn, owners: [ArrowBytes]) {
        self.column = .allocate(capacity: 1)
        self.column.initialize(to: column)
        self.owners = owners
    }

    deinit { column.deallocate() }
}

/// Some rows of a record batch, with the columns that are wanted.
final class ArrowBatch: @unchecked Sendable {
    let file: String
    /// Number of the first row in the file, from 0.
    let firstRow: Int
    let rows: Int
    /// By position; what is not wanted is of type null.
    let columns: UnsafeMutablePointer<ArrowColumn>
    let columnCount: Int
    private let owners: [ArrowBytes]
    private let dictionaries: [ArrowDictionary]

    init(
        file: String, firstRow: Int, rows: Int, columns given: [ArrowColumn], owners: [ArrowBytes],
        dictionaries: [ArrowDictionary]
    ) {
        self.file = file
        self.firstRow = firstRow
        self.rows = rows
        self.owners = owners
        self.dictionaries = dictionaries
        columnCount = given.count
        columns = .allocate(capacity: max(1, given.count))
        columns.initialize(from: given, count: given.count)
    }

    deinit { columns.deallocate() }

    func error(_ fault: CSVFault) -> ParseError {
        var error = ParseError(file: file, message: fault.message)
        error.row = fault.place + 1
        return error
    }
}
