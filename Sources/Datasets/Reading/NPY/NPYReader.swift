/// Rows of a NumPy array as Doubles, read by position: in C order with one read, in Fortran order with one a column.
struct NPYReader {
    let header: NPYHeader
    private let file: InputFile

    init(path: String) throws {
        file = try InputFile(path: path)
        header = try NPYHeader(file)
    }

    var rows: Int { header.shape.first ?? 1 }
    /// 1 for a one-dimensional array.
    var columns: Int { header.shape.count > 1 ? header.shape[1] : 1 }

    /// Calls `body(row, column, value)` for rows `range`: row by row in C order, column by column in Fortran order.
    /// `row` counts from 0 within the range.
    func forEach(_ range: Range<Int>, _ body: (Int, Int, Double) throws -> Void) throws {
        let size = header.element.size
        if header.isFortran {
            for column in 0..<columns {
                let start = header.dataOffset + (column * rows + range.lowerBound) * size
                try read(range.count, at: start) { try body($0, column, $1) }
            }
        } else {
            let start = header.dataOffset + range.lowerBound * columns * size
            var row = 0
            var column = 0
            try read(range.count * columns, at: start) { _, value in
                try body(row, column, value)
                column += 1
                if column == columns {
                    column = 0
                    row += 1
                }
            }
        }
    }

    private func read(_ count: Int, at offset: Int, _ body: (Int, Double) throws -> Void) throws {
        switch header.element {
        case .f4: try read(Float.self, count, offset, { Double($0) }, body)
        case .f8: try read(Double.self, count, offset, { $0 }, body)
        case .i1: try read(Int8.self, count, offset, { Double($0) }, body)
        case .i2: try read(Int16.self, count, offset, { Double($0) }, body)
        case .i4: try read(Int32.self, count, offset, { Double($0) }, body)
        case .i8: try read(Int64.self, count, offset, { Double($0) }, body)
        case .u1: try read(UInt8.self, count, offset, { Double($0) }, body)
        case .u2: try read(UInt16.self, count, offset, { Double($0) }, body)
        case .u4: try read(UInt32.self, count, offset, { Double($0) }, body)
        case .u8: try read(UInt64.self, count, offset, { Double($0) }, body)
        case .b1: try read(UInt8.self, count, offset, { $0 == 0 ? 0 : 1 }, body)
        }
    }

    /// Elements are little-endian on disk and in memory.
    private func read<Element: BitwiseCopyable>(
        _ type: Element.Type, _ count: Int, _ offset: Int, _ convert: (Element) -> Double,
        _ body: (Int, Double) throws -> Void
    ) throws {
        let part = 1 << 18
        let size = MemoryLayout<Element>.stride
        try withUnsafeTemporaryAllocation(of: Element.self, capacity: min(count, part)) { buffer in
            for start in stride(from: 0, to: count, by: part) {
                let wanted = min(part, count - start)
                let bytes = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<wanted]))
                guard try file.read(into: bytes, at: offset + start * size) == bytes.count else {
                    throw ParseError(file: file.name, message: "became shorter while it was read")
                }
                for element in 0..<wanted { try body(start + element, convert(buffer[element])) }
            }
        }
    }
}
