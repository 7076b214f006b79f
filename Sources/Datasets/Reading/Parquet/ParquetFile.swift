/// What the footer of a Parquet file says: the names of its columns, and how many rows there are. Its pages are for others.
struct ParquetFile: Codable, Sendable, Equatable {
    let path: String
    let columns: [String]
    let rows: Int

    static let magic = Array("PAR1".utf8)
    static let encrypted = Array("PARE".utf8)

    init(path: String) throws {
        self.path = path
        do {
            let messages = ArrowMessages(try InputFile(path: path))
            let count = messages.file.byteCount
            let tail = try messages.bytes(count - 8, 8)
            if tail.dropFirst(4).elementsEqual(Self.encrypted) {
                throw ArrowFault("is encrypted; write it without, or as CSV")
            }
            guard tail.dropFirst(4).elementsEqual(Self.magic) else { throw ArrowMessages.cutOff }
            let size = Int(try FlatBuffer(bytes: tail).load(0, as: UInt32.self))
            guard size <= count - 12 else { throw ArrowFault.damaged }
            var footer = ParquetFooter(bytes: try messages.bytes(count - 8 - size, size))
            try footer.read()
            columns = footer.columns
            rows = footer.rows
        } catch let fault as ArrowFault {
            throw ParseError(file: path, message: fault.message)
        }
    }
}

/// Reads the footer (a FileMetaData of Parquet's, in Thrift's compact protocol), as far as it is needed.
private struct ParquetFooter {
    private struct Element {
        var name = ""
        var children = 0
    }

    private let bytes: [UInt8]
    private var place = 0
    private(set) var columns: [String] = []
    private(set) var rows = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func read() throws(ArrowFault) {
        var elements: [Element] = []
        try structure(depth: 0) { footer, field, type throws(ArrowFault) in
            switch (field, type) {
            case (2, 9): elements = try footer.schema()
            case (3, 6): footer.rows = try footer.integer()
            default: try footer.skip(type, depth: 0)
            }
        }
        guard rows >= 0, rows < 1 << 48, let root = elements.first else { throw .damaged }
        var next = 1
        for _ in 0..<root.children {
            guard next < elements.count else { throw .damaged }
            columns.append(elements[next].name)
            var pending = elements[next].children
            next += 1
            // What is nested.
            while pending > 0 {
                guard next < elements.count, pending <= elements.count else { throw .damaged }
                pending += elements[next].children - 1
                next += 1
            }
        }
        guard columns.count <= CSVTokenizer.mostFields else {
            throw ArrowFault("has more than \(CSVTokenizer.mostFields) columns")
        }
    }

    private mutating func schema() throws(ArrowFault) -> [Element] {
        let (count, type) = try list()
        guard type == 12 else { throw .damaged }
        var elements: [Element] = []
        for _ in 0..<count {
            var element = Element()
            try structure(depth: 1) { footer, field, type throws(ArrowFault) in
                switch (field, type) {
                case (4, 8): element.name = try footer.text()
                case (5, 5): element.children = try footer.integer()
                default: try footer.skip(type, depth: 1)
                }
            }
            guard element.children >= 0, element.children < 1 << 32 else { throw .damaged }
            elements.append(element)
        }
        return elements
    }

    private mutating func byte() throws(ArrowFault) -> UInt8 {
        guard place < bytes.count else { throw .damaged }
        place += 1
        return bytes[place - 1]
    }

    private mutating func unsigned() throws(ArrowFault) -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while shift < 64 {
            let next = try byte()
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
        throw .damaged
    }

    private mutating func integer() throws(ArrowFault) -> Int {
        let value = try unsigned()
        return Int(Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1))
    }

    private mutating func length() throws(ArrowFault) -> Int {
        guard let length = Int(exactly: try unsigned()), length <= bytes.count - place else { throw .damaged }
        return length
    }

    private mutating func text() throws(ArrowFault) -> String {
        let length = try length()
        place += length
        return String(decoding: bytes[place - length..<place], as: UTF8.self)
    }

    /// Number and type of the elements; each takes a byte at least.
    private mutating func list() throws(ArrowFault) -> (count: Int, type: UInt8) {
        let head = try byte()
        return (head >> 4 == 15 ? try length() : Int(head >> 4), head & 0x0F)
    }

    /// Calls `body` with the number and the type of each field, which it has to read.
    private mutating func structure(
        depth: Int, _ body: (inout ParquetFooter, Int, UInt8) throws(ArrowFault) -> Void
    ) throws(ArrowFault) {
        guard depth < 32 else { throw .damaged }
        var field = 0
        while true {
            let head = try byte()
            if head == 0 { return }
            field = head >> 4 == 0 ? Int(truncatingIfNeeded: try integer()) : field &+ Int(head >> 4)
            try body(&self, field, head & 0x0F)
        }
    }

    private mutating func skip(_ type: UInt8, depth: Int, isElement: Bool = false) throws(ArrowFault) {
        guard depth < 32 else { throw .damaged }
        switch type {
        // A truth is in its field's type, or a byte of a list.
        case 1, 2: if isElement { _ = try byte() }
        case 3: _ = try byte()
        case 4, 5, 6: _ = try unsigned()
        case 7:
            guard bytes.count - place >= 8 else { throw .damaged }
            place += 8
        case 8: place += try length()
        case 9, 10:
            let (count, type) = try list()
            for _ in 0..<count { try skip(type, depth: depth + 1, isElement: true) }
        case 11:
            let count = try length()
            guard count > 0 else { return }
            let types = try byte()
            for _ in 0..<count {
                try skip(types >> 4, depth: depth + 1, isElement: true)
                try skip(types & 0x0F, depth: depth + 1, isElement: true)
            }
        case 12:
            try structure(depth: depth + 1) { footer, _, type throws(ArrowFault) in
                try footer.skip(type, depth: depth + 1)
            }
        default: throw .damaged
        }
    }
}
