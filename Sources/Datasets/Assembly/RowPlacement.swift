import MPI

/// In which order the rows of a table are kept.
public enum RowOrder: Sendable, Equatable {
    /// As in the files, one contiguous block of rows per rank: for predictions.
    case file
    /// One random order for the run; it depends on the seed and the number of rows only.
    case seeded(UInt64)
}

/// Where every row goes: the part it belongs to (training or validation), its position there, and so its owner.
///
/// Validation rows are those whose hash of (seed, row number) falls below the fraction. A row's position is the
/// permutation of its rank among the rows of its part; only the number of validation rows before each block of rows
/// travels between ranks.
struct RowPlacement {
    static let parts = 2
    /// Orders of the training (0) and validation (1) rows.
    let orders: [DataOrder]
    /// Nil: file order.
    private let permutations: [Permutation]?
    private let seed: UInt64
    private let threshold: UInt64
    /// Per local block: validation rows before it in the whole table.
    private let validationBefore: [Int]

    /// Collective.
    /// - Parameter blocks: first row and number of rows of each local block.
    init(
        count: Int, blocks: [(firstRow: Int, rows: Int)], order: RowOrder, validationFraction: Double,
        communicator: any Communicator
    ) throws {
        let key: UInt64 =
            switch order {
            case .file: 0
            case .seeded(let seed): mix64(seed ^ 0x7661_6C69_6461_7465)
            }
        let limit = validationFraction <= 0 ? 0 : UInt64(min(validationFraction, 1 - 0x1p-53) * 0x1p64)
        seed = key
        threshold = limit
        var before = blocks.map { _ in 0 }
        var validation = 0
        if limit > 0 {
            let local = blocks.map { block in
                (block.firstRow..<block.firstRow + block.rows).count { mix64(key &+ UInt64($0)) < limit }
            }
            let all = try communicator.allgather(arrays: zip(blocks, local).flatMap { [$0.0.firstRow, $0.1] })
            var byFirstRow: [Int: Int] = [:]
            let pairs = all.flatMap { list in stride(from: 0, to: list.count, by: 2).map { (list[$0], list[$0 + 1]) } }
            for (firstRow, rows) in pairs.sorted(by: { $0.0 < $1.0 }) {
                if byFirstRow[firstRow] == nil { byFirstRow[firstRow] = validation }
                validation += rows
            }
            before = blocks.map { byFirstRow[$0.firstRow] ?? 0 }
        }
        validationBefore = before
        let counts = [count - validation, validation]
        switch order {
        case .file:
            permutations = nil
            orders = counts.map { .contiguous(count: $0, ranks: communicator.size, rank: communicator.rank) }
        case .seeded(let seed):
            permutations = counts.enumerated().map { Permutation(count: $1, seed: seed, stream: UInt64($0)) }
            orders = counts.map { DataOrder(count: $0, ranks: communicator.size, rank: communicator.rank) }
        }
    }

    func isValidation(_ row: Int) -> Bool { mix64(seed &+ UInt64(row)) < threshold }

    /// The owners of a block's rows, asked in ascending order.
    func cursor(block: Int, firstRow: Int) -> Cursor {
        Cursor(placement: self, row: firstRow, validation: validationBefore[block])
    }

    struct Destination: Equatable {
        var part: Int
        var owner: Int
        /// Local row on the owner.
        var row: Int
    }

    struct Cursor {
        let placement: RowPlacement
        private var row: Int
        /// Validation rows before `row`.
        private var validation: Int

        init(placement: RowPlacement, row: Int, validation: Int) {
            self.placement = placement
            self.row = row
            self.validation = validation
        }

        mutating func next() -> Destination {
            let part = placement.isValidation(row) ? 1 : 0
            let number = part == 1 ? validation : row - validation
            let position = placement.permutations?[part].position(of: number) ?? number
            let order = placement.orders[part]
            row += 1
            validation += part
            return Destination(part: part, owner: order.owner(of: position), row: order.localRow(of: position))
        }
    }
}

extension Communicator {
    /// Every rank's list (any lengths), in rank order, on every rank.
    func allgather<T: MPIElement>(arrays values: [T]) throws -> [[T]] {
        let bytes = values.withUnsafeBytes { Array($0) }
        return try allgather(bytes: bytes).map { bytes in
            bytes.withUnsafeBytes { raw in
                (0..<raw.count / MemoryLayout<T>.stride).map {
                    raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self)
                }
            }
        }
    }
}
