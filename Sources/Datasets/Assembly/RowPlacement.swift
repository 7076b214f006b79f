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
    private let choice: ValidationChoice
    /// Per local block: validation rows before it in the whole table.
    private let validationBefore: [Int]

    /// Collective.
    /// - Parameter blocks: first row and number of rows of each local block.
    init(
        count: Int, blocks: [(firstRow: Int, rows: Int)], order: RowOrder, validationFraction: Double,
        communicator: any Communicator
    ) throws {
        let choice = ValidationChoice(order, fraction: validationFraction)
        self.choice = choice
        var before = blocks.map { _ in 0 }
        var validation = 0
        if choice.isAny {
            let local = blocks.map { block in
                (block.firstRow..<block.firstRow + block.rows).count { choice.isValidation($0) }
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

    var hasValidation: Bool { choice.isAny }
    var isInFileOrder: Bool { permutations == nil }

    @inline(__always)
    func isValidation(_ row: Int) -> Bool { choice.isValidation(row) }

    struct Destination: Equatable {
        /// The top bit of a row field: the row belongs to the validation part.
        static let partBit: UInt32 = 1 << 31

        private let rank: Int32
        /// Local row, with the part in the top bit.
        let rowField: UInt32

        init(part: Int, owner: Int, row: Int) {
            rank = Int32(truncatingIfNeeded: owner)
            rowField = UInt32(truncatingIfNeeded: row) | (part == 0 ? 0 : Self.partBit)
        }

        var owner: Int { Int(rank) }
        var part: Int { rowField & Self.partBit == 0 ? 0 : 1 }
        /// Local row on the owner.
        var row: Int { Int(rowField & ~Self.partBit) }
    }

    /// Where rows firstRow ..< firstRow + count go: the rows of one of the local blocks.
    func destinations(block: Int, firstRow: Int, count: Int) -> [Destination] {
        guard choice.isAny else {
            return destinations(part: 0, firstNumber: firstRow, count: count)
        }
        // Each part's rows are numbered by themselves, and a block's numbers of one part are consecutive.
        let before = validationBefore[block]
        let isValidation = (firstRow..<firstRow + count).map { self.isValidation($0) }
        let validation = isValidation.count { $0 }
        let lists = [
            destinations(part: 0, firstNumber: firstRow - before, count: count - validation),
            destinations(part: 1, firstNumber: before, count: validation),
        ]
        var next = [0, 0]
        return isValidation.map { isValidation in
            let part = isValidation ? 1 : 0
            next[part] += 1
            return lists[part][next[part] - 1]
        }
    }

    private func destinations(part: Int, firstNumber: Int, count: Int) -> [Destination] {
        let order = orders[part]
        return Array(unsafeUninitializedCapacity: count) { result, filled in
            withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { positions in
                if let permutation = permutations?[part] {
                    permutation.positions(from: firstNumber, into: positions)
                } else {
                    for index in 0..<count { positions[index] = firstNumber + index }
                }
                for index in 0..<count {
                    let position = positions[index]
                    let isAlone = order.ranks == 1
                    result[index] = Destination(
                        part: part, owner: isAlone ? 0 : order.owner(of: position),
                        row: isAlone ? position : order.localRow(of: position))
                }
            }
            filled = count
        }
    }
}

/// Which rows of a table are for validation: those whose hash of (seed, row number) lies below the fraction.
struct ValidationChoice: Sendable {
    private let key: UInt64
    private let threshold: UInt64

    init(_ order: RowOrder, fraction: Double) {
        key =
            switch order {
            case .file: 0
            case .seeded(let seed): mix64(seed ^ 0x7661_6C69_6461_7465)
            }
        threshold = fraction <= 0 ? 0 : UInt64(min(fraction, 1 - 0x1p-53) * 0x1p64)
    }

    var isAny: Bool { threshold > 0 }

    @inline(__always)
    func isValidation(_ row: Int) -> Bool { mix64(key &+ UInt64(row)) < threshold }
}

extension Communicator {
    /// Every rank's list (any lengths), in rank order, on every rank.
    package func allgather<T: MPIElement>(arrays values: [T]) throws -> [[T]] {
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
