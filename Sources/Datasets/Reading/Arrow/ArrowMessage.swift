/// One message of the IPC format, without its body.
struct ArrowMessage {
    enum Content {
        case schema(ArrowSchema)
        case batch(ArrowBatchHeader)
        case dictionary(id: Int64, isDelta: Bool, ArrowBatchHeader)
    }

    let content: Content
    /// Bytes of the body that follows.
    let bodyCount: Int

    init(_ metadata: [UInt8]) throws(ArrowFault) {
        let message = try FlatBuffer(bytes: metadata).root
        let size = try message.number(3, default: Int64(0))
        guard size >= 0, let header = try message.table(2) else { throw .damaged }
        bodyCount = Int(size)
        switch try message.number(1, default: UInt8(0)) {
        case 1: content = .schema(try ArrowSchema(header))
        case 2:
            guard let data = try header.table(1) else { throw .damaged }
            content = .dictionary(
                id: try header.number(0, default: Int64(0)), isDelta: try header.number(2, default: UInt8(0)) != 0,
                try ArrowBatchHeader(data, bodyCount: bodyCount))
        case 3: content = .batch(try ArrowBatchHeader(header, bodyCount: bodyCount))
        default: throw ArrowFault("holds a tensor; write a table")
        }
    }
}

/// Where the columns of a record batch lie in its body.
struct ArrowBatchHeader: Sendable {
    struct Node: Sendable {
        var rows: Int
        var nulls: Int
    }

    let rows: Int
    let nodes: [Node]
    /// Within the body.
    let buffers: [Range<Int>]
    /// nil: buffers are as they are.
    let codec: BufferCodec.Kind?
    let viewBuffers: [Int]

    init(_ table: FlatTable, bodyCount: Int) throws(ArrowFault) {
        rows = Int(try table.number(0, default: Int64(0)))
        var nodes: [Node] = []
        if let vector = try table.vector(1, size: 16) {
            nodes.reserveCapacity(vector.count)
            for place in stride(from: vector.start, to: vector.start + 16 * vector.count, by: 16) {
                nodes.append(
                    Node(
                        rows: Int(try table.buffer.load(place, as: Int64.self)),
                        nulls: Int(try table.buffer.load(place + 8, as: Int64.self))))
            }
        }
        self.nodes = nodes
        var buffers: [Range<Int>] = []
        if let vector = try table.vector(2, size: 16) {
            buffers.reserveCapacity(vector.count)
            for place in stride(from: vector.start, to: vector.start + 16 * vector.count, by: 16) {
                let start = Int(try table.buffer.load(place, as: Int64.self))
                let count = Int(try table.buffer.load(place + 8, as: Int64.self))
                guard let end = CheckedCount.sum([start, count]), end <= bodyCount else { throw .damaged }
                buffers.append(start..<end)
            }
        }
        self.buffers = buffers
        if let compression = try table.table(3) {
            guard let kind = BufferCodec.Kind(rawValue: try compression.number(0, default: UInt8(0))) else {
                throw ArrowFault("is compressed in a way that this version does not know; use LZ4 or ZSTD")
            }
            codec = kind
        } else {
            codec = nil
        }
        var viewBuffers: [Int] = []
        if let vector = try table.vector(4, size: 8) {
            for index in 0..<vector.count {
                viewBuffers.append(Int(try table.buffer.load(vector.start + 8 * index, as: Int64.self)))
            }
        }
        self.viewBuffers = viewBuffers
        guard (0...1 << 48).contains(rows), viewBuffers.allSatisfy({ $0 >= 0 && $0 <= buffers.count }) else {
            throw .damaged
        }
    }
}
