/// Makes columns of the rows of one record batch, wherever its body is.
struct ArrowDecoder {
    let schema: ArrowSchema
    let header: ArrowBatchHeader
    let body: ArrowBody
    /// Rows of the batch.
    let rows: Range<Int>
    private(set) var owners: [ArrowBytes] = []
    private(set) var used: [ArrowDictionary] = []

    init(schema: ArrowSchema, header: ArrowBatchHeader, body: ArrowBody, rows: Range<Int>) {
        self.schema = schema
        self.header = header
        self.body = body
        self.rows = rows
    }

    /// The columns at the positions, which ascend; others have no values.
    mutating func columns(_ wanted: [Int], dictionaries: [Int64: ArrowDictionary]) throws -> [ArrowColumn] {
        var columns = [ArrowColumn](repeating: ArrowColumn(kind: .null, rows: rows.count), count: schema.fields.count)
        var (node, buffer, view) = (0, 0, 0)
        var next = 0
        for (position, field) in schema.fields.enumerated() {
            if next < wanted.count, wanted[next] == position {
                next += 1
                columns[position] = try column(field, node: node, buffer: buffer, dictionaries)
            }
            node += field.nodes
            buffer += field.buffers
            for _ in 0..<field.views {
                guard header.viewBuffers.indices.contains(view) else { throw ArrowFault.damaged }
                buffer += header.viewBuffers[view]
                view += 1
            }
        }
        return columns
    }

    mutating func column(
        _ field: ArrowField, node: Int, buffer: Int, _ dictionaries: [Int64: ArrowDictionary]
    ) throws -> ArrowColumn {
        guard let kind = ArrowColumn.kind(field.storedType) else {
            throw ArrowFault("column '\(field.name)' is of a type that is not read")
        }
        guard header.nodes.indices.contains(node), header.nodes[node].rows == header.rows,
            header.buffers.count - buffer >= field.buffers
        else { throw ArrowFault.damaged }
        var column = ArrowColumn(kind: kind, rows: rows.count)
        guard kind != .null else { return column }
        if header.nodes[node].nulls != 0 {
            let bits = try bytes(buffer, bits: 1)
            column.bitOffset = rows.lowerBound % 8
            column.validity = UnsafePointer(bits.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        switch field.storedType {
        case .text(let isLarge):
            try isLarge ? text(&column, buffer, as: Int64.self) : text(&column, buffer, as: Int32.self)
            return column
        case .boolean: column.bitOffset = rows.lowerBound % 8
        case .timestamp(let digits, let hasZone): (column.scale, column.hasZone) = (digits, hasZone)
        case .decimal(let bits, let scale): (column.width, column.scale) = (bits / 8, scale)
        default: break
        }
        column.values =
            UnsafeRawPointer(try bytes(buffer + 1, bits: field.storedType.bits).baseAddress) ?? column.values
        guard let id = field.dictionary else { return column }
        guard let dictionary = dictionaries[id] else {
            throw ArrowFault(
                "the dictionary of column '\(field.name)' does not come before its values; write the file again")
        }
        used.append(dictionary)
        column.dictionary = UnsafePointer(dictionary.column)
        let count = dictionary.column.pointee.rows
        for row in 0..<rows.count where !column.isNull(row) {
            let place = column.integer(row)
            guard place >= 0, place < count else {
                throw ArrowFault("column '\(field.name)' points beyond its dictionary; write or copy the file again")
            }
        }
        return column
    }

    /// Ends of texts, none of them before the one in front of it or beyond the text.
    private mutating func text<T: FixedWidthInteger>(_ column: inout ArrowColumn, _ buffer: Int, as: T.Type) throws {
        guard !rows.isEmpty else { return }
        let ends = try bytes(buffer + 1, bits: 8 * MemoryLayout<T>.size, more: 1)
        column.values = UnsafeRawPointer(ends.baseAddress) ?? column.values
        var end = column.load(0, as: T.self)
        let first = end
        guard first >= 0 else { throw ArrowFault.damaged }
        for row in 1...rows.count {
            let next = column.load(row, as: T.self)
            guard next >= end else { throw ArrowFault.damaged }
            end = next
        }
        column.firstByte = Int(first)
        let text = try bytes(buffer + 2, Int(first)..<Int(end))
        if let start = text.baseAddress { column.data = UnsafePointer(start.assumingMemoryBound(to: UInt8.self)) }
    }

    /// The values of the rows in a buffer, `more` behind them.
    private mutating func bytes(_ buffer: Int, bits: Int, more: Int = 0) throws -> UnsafeMutableRawBufferPointer {
        guard let first = CheckedCount.product([rows.lowerBound, bits]),
            let last = CheckedCount.product([rows.upperBound + more, bits]), last <= .max - 8
        else { throw ArrowFault.damaged }
        return try bytes(buffer, first / 8..<(last + 7) / 8)
    }

    /// A part of a buffer, unpacked.
    private mutating func bytes(_ buffer: Int, _ part: Range<Int>) throws -> UnsafeMutableRawBufferPointer {
        let whole = header.buffers[buffer]
        let bytes: ArrowBytes
        if part.isEmpty {
            bytes = ArrowBytes(count: 0)
        } else if let codec = header.codec {
            bytes = try unpacked(whole, codec, part)
        } else {
            guard part.upperBound <= whole.count else { throw ArrowFault.damaged }
            bytes = try body.bytes(whole.lowerBound + part.lowerBound..<whole.lowerBound + part.upperBound)
        }
        owners.append(bytes)
        return bytes.buffer
    }

    /// A packed buffer begins with its length; −1: it was not worth packing.
    private func unpacked(_ whole: Range<Int>, _ codec: BufferCodec.Kind, _ part: Range<Int>) throws -> ArrowBytes {
        guard whole.count >= 8 else { throw ArrowFault.damaged }
        let packed = try body.bytes(whole)
        let stated = Int(Int64(littleEndian: packed.buffer.loadUnaligned(as: Int64.self)))
        let content = packed.part(8..<packed.count)
        if stated == -1 {
            guard part.upperBound <= content.count else { throw ArrowFault.damaged }
            return content.part(part)
        }
        guard stated >= part.upperBound, stated <= content.count.saturating(times: BufferCodec.ratio(codec)) else {
            throw ArrowFault.damaged
        }
        let all = ArrowBytes(count: stated)
        try BufferCodec.unpack(UnsafeRawBufferPointer(content.buffer), codec, into: all.buffer)
        guard 2 * part.count < stated else { return all.part(part) }
        // So that a rank does not keep the rows of others.
        let own = ArrowBytes(count: part.count)
        own.buffer.copyMemory(from: UnsafeRawBufferPointer(all.part(part).buffer))
        return own
    }
}
