import MPI

extension DistributedTable {
    /// Parts the rows: a share of them is held back, chosen by the seed and their numbers in the files alone. Collective. Uses
    /// the table up.
    ///
    /// - Parameters:
    ///   - share: above 0 and below 1.
    ///   - isStratified: of every class the same share, rounded to whole rows, and never its last row.
    public func split(
        holding share: Double, seed: UInt64, isStratified: Bool
    ) throws -> (training: DistributedTable, held: DistributedTable) {
        precondition(!isAssembled && cached == nil, "a table is split before it is assembled")
        let choice = try RowChoice(
            blocks, classes: isStratified && !labels.isCapped ? labels : nil, share: share, seed: seed, communicator)
        let isHeld = blocks.map(choice.isHeld)
        let heldCounts = isHeld.map { $0.count { $0 } }
        let before = try RowChoice.before(blocks, heldCounts, communicator)
        var (training, held): ([RowBlock], [RowBlock]) = ([], [])
        var (trainingRows, heldRows) = (SplitRows(blocks: []), SplitRows(blocks: []))
        for index in blocks.indices {
            let block = blocks[index]
            trainingRows.blocks.append(
                SplitRows.Block(
                    firstRow: block.firstRow, before: block.firstRow - before[index], isPart: isHeld[index].map { !$0 })
            )
            heldRows.blocks.append(
                SplitRows.Block(firstRow: block.firstRow, before: before[index], isPart: isHeld[index]))
            blocks[index] = RowBlock()
            var kept = block.rows(where: isHeld[index].map { !$0 })
            kept.firstRow = block.firstRow - before[index]
            if kept.rows > 0 { training.append(kept) }
            var other = block.rows(where: isHeld[index])
            other.firstRow = before[index]
            if other.rows > 0 { held.append(other) }
        }
        blocks = []
        isAssembled = true
        let result = (try DistributedTable(rows: training, of: self), try DistributedTable(rows: held, of: self))
        (result.0.splitRows, result.1.splitRows) = (trainingRows, heldRows)
        guard result.0.rows >= 2, result.1.rows > 0 else {
            throw DatasetError(
                "\(files[0].name): of \(rows) rows a share of \(share) leaves \(result.0.rows) to train on and "
                    + "\(result.1.rows) to test on; give another share, or a file")
        }
        result.0.notes.append(
            "\(result.1.rows) of \(rows) rows are held back for the test"
                + (isStratified && !labels.isCapped ? ", of every class the same share" : ""))
        return result
    }
}

/// Which rows are held back: of every class those with the smallest hashes of (seed, row number).
private struct RowChoice {
    private let classes: LabelSummary?
    private let seed: UInt64
    /// Rows with a hash below are held back, by class.
    private var limits: [UInt64]

    /// Collective.
    init(
        _ blocks: [RowBlock], classes: LabelSummary?, share: Double, seed: UInt64, _ communicator: any Communicator
    ) throws {
        self.classes = classes
        self.seed = mix64(seed ^ 0x7465_7374_726F_7773)
        let rows = try communicator.allreduce(blocks.reduce(0) { $0 + $1.rows }, .sum)
        let counts = classes?.counts ?? [rows]
        let wanted = counts.map { min(Int((share * Double($0)).rounded()), max(0, $0 - 1)) }
        // The limit of a class lies near its share of all hashes: only hashes around there travel.
        var windows = counts.map { count in
            let spread = 6 * (share * (1 - share) / Double(max(count, 1))).squareRoot() + 30 / Double(max(count, 1))
            return RowChoice.bound(share - spread)...RowChoice.bound(share + spread)
        }
        limits = counts.map { _ in 0 }
        while true {
            var below = counts.map { _ in 0 }
            var near: [UInt64] = []
            for block in blocks {
                for row in 0..<block.rows {
                    let (place, hash) = (place(block.labels[row]), hash(block.firstRow + row))
                    if hash < windows[place].lowerBound {
                        below[place] += 1
                    } else if hash <= windows[place].upperBound {
                        near += [UInt64(place), hash]
                    }
                }
            }
            below = try communicator.allreduce(below, .sum)
            var lists = counts.map { _ in [UInt64]() }
            let bytes = near.withUnsafeBytes { Array($0) }
            for part in try communicator.allgather(bytes: bytes) {
                part.withUnsafeBytes { raw in
                    for offset in stride(from: 0, to: raw.count, by: 16) {
                        let place = Int(raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                        lists[place].append(raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
                    }
                }
            }
            var isFound = true
            for place in counts.indices {
                let rank = wanted[place] - below[place]
                guard rank >= 0, rank <= lists[place].count else {
                    windows[place] = 0...(.max)
                    isFound = false
                    continue
                }
                lists[place].sort()
                limits[place] = rank < lists[place].count ? lists[place][rank] : windows[place].upperBound
            }
            if isFound { return }
        }
    }

    private static func bound(_ share: Double) -> UInt64 {
        share <= 0 ? 0 : share >= 1 - 0x1p-53 ? .max : UInt64(share * 0x1p64)
    }

    private func place(_ label: Double) -> Int { classes.map { $0.index(of: label) } ?? 0 }

    private func hash(_ row: Int) -> UInt64 { mix64(seed &+ UInt64(row)) }

    func isHeld(_ block: RowBlock) -> [Bool] {
        (0..<block.rows).map { hash(block.firstRow + $0) < limits[place(block.labels[$0])] }
    }

    /// Per local block: rows that are held back before it in the whole table. Collective.
    static func before(_ blocks: [RowBlock], _ counts: [Int], _ communicator: any Communicator) throws -> [Int] {
        let all = try communicator.allgather(arrays: zip(blocks, counts).flatMap { [$0.firstRow, $0.rows, $1] })
        let entries = all.flatMap { list in
            stride(from: 0, to: list.count, by: 3).map { (row: list[$0], rows: list[$0 + 1], held: list[$0 + 2]) }
        }
        var before: [Int: Int] = [:]
        var total = 0
        for entry in entries.sorted(by: { ($0.row, $0.rows) < ($1.row, $1.rows) }) {
            if before[entry.row] == nil { before[entry.row] = total }
            total += entry.held
        }
        return blocks.map { before[$0.firstRow] ?? 0 }
    }
}
