/// The dictionaries of a stream as they stand at one place of it.
struct ArrowDictionaries: Sendable {
    private(set) var current: [Int64: ArrowDictionary] = [:]

    /// Takes in a batch of a dictionary that one of the `wanted` columns needs. Throws `ArrowFault` and what reading throws.
    mutating func add(
        id: Int64, isDelta: Bool, _ header: ArrowBatchHeader, body: ArrowBody, schema: ArrowSchema, wanted: [Int]
    ) throws {
        guard let position = wanted.first(where: { schema.fields[$0].dictionary == id }) else { return }
        var field = schema.fields[position]
        field.dictionary = nil
        (field.nodes, field.buffers) = (1, field.type == .null ? 0 : 3)
        if case .text = field.type {} else if field.type != .null { field.buffers = 2 }
        var decoder = ArrowDecoder(schema: schema, header: header, body: body, rows: 0..<header.rows)
        let column = try decoder.column(field, node: 0, buffer: 0, [:])
        guard isDelta, let before = current[id] else {
            current[id] = ArrowDictionary(column, owners: decoder.owners)
            return
        }
        current[id] = try before.joined(column)
    }
}

extension ArrowDictionary {
    /// With more texts behind its own.
    fileprivate func joined(_ more: ArrowColumn) throws -> ArrowDictionary {
        let parts = [column.pointee, more]
        guard parts.allSatisfy({ $0.kind == .text32 || $0.kind == .text64 }) else {
            throw ArrowFault("adds to a dictionary of numbers; write the column without one")
        }
        let rows = parts[0].rows + parts[1].rows
        let texts = parts.flatMap { part in (0..<part.rows).map { part.isNull($0) ? nil : part.bytes($0) } }
        let size = texts.reduce(0) { $0 + ($1?.count ?? 0) }
        let (ends, data) = (ArrowBytes(count: 8 * (rows + 1)), ArrowBytes(count: size))
        let bits = ArrowBytes(count: rows / 8 + 1)
        bits.buffer.initializeMemory(as: UInt8.self, repeating: 0)
        var place = 0
        for (row, text) in texts.enumerated() {
            ends.buffer.storeBytes(of: Int64(place), toByteOffset: 8 * row, as: Int64.self)
            guard let text else { continue }
            bits.buffer[row / 8] |= 1 << UInt8(row % 8)
            UnsafeMutableRawBufferPointer(rebasing: data.buffer[place...]).copyMemory(
                from: UnsafeRawBufferPointer(text))
            place += text.count
        }
        ends.buffer.storeBytes(of: Int64(place), toByteOffset: 8 * rows, as: Int64.self)
        var made = ArrowColumn(kind: .text64, rows: rows)
        if let ends = ends.buffer.baseAddress { made.values = UnsafeRawPointer(ends) }
        if let data = data.buffer.baseAddress { made.data = UnsafePointer(data.assumingMemoryBound(to: UInt8.self)) }
        made.validity = UnsafePointer(bits.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
        return ArrowDictionary(made, owners: [ends, data, bits])
    }
}
