import CKernels
import Synchronization

/// Some consecutive rows of a sparse matrix, sorted by column: a second copy of their entries, for products that gather
/// residuals per column instead of scattering into all parameters.
///
/// Memory: 8 bytes an entry, as the rows themselves, and 8 for each column that has entries in the block.
public final class ColumnBlock: Sendable {
    public let rows: Range<Int>
    /// The columns with entries, ascending; column columns[q] has entries starts[q] ..< starts[q + 1].
    public let columns: AlignedBuffer<Int32>
    public let starts: AlignedBuffer<Int32>
    /// Value and row, counted from the block's first and ascending within a column.
    let entries: AlignedBuffer<ck_entry>

    /// - Parameter threads: that share the columns.
    public init(_ matrix: SparseMatrix, rows: Range<Int>, threads: Int = 1) {
        self.rows = rows
        let offsets = matrix.rowOffsets.pointer
        let first = offsets[rows.lowerBound]
        let count = offsets[rows.upperBound] - first
        precondition(count < Int(Int32.max), "a block of 2³¹ entries")
        let indices = matrix.columnIndices.pointer
        let next = AlignedBuffer<Int32>(count: matrix.columns)
        for k in first..<first + count { next.pointer[Int(indices[k])] += 1 }
        var used = 0
        for column in 0..<matrix.columns where next.pointer[column] > 0 { used += 1 }
        columns = AlignedBuffer(count: used)
        starts = AlignedBuffer(count: used + 1)
        var q = 0
        var start: Int32 = 0
        for column in 0..<matrix.columns where next.pointer[column] > 0 {
            columns.pointer[q] = Int32(column)
            starts.pointer[q] = start
            q += 1
            let count = next.pointer[column]
            next.pointer[column] = start
            start += count
        }
        starts.pointer[used] = start
        let entries = AlignedBuffer<ck_entry>(count: count)
        self.entries = entries
        concurrently(threads) { thread in
            let part = part(thread, of: threads)
            if part.isEmpty { return }
            let low = columns.pointer[part.lowerBound]
            let high = columns.pointer[part.upperBound - 1]
            for row in rows {
                for k in offsets[row]..<offsets[row + 1] where indices[k] >= low && indices[k] <= high {
                    let place = next.pointer + Int(indices[k])
                    entries.pointer[Int(place.pointee)] = ck_entry(
                        row: Int32(truncatingIfNeeded: row &- rows.lowerBound), value: matrix.values.pointer[k])
                    place.pointee &+= 1
                }
            }
        }
    }

    /// Part `index` of `count`: columns with about as many entries as the others.
    public func part(_ index: Int, of count: Int) -> Range<Int> { cut(index, count)..<cut(index + 1, count) }

    private func cut(_ index: Int, _ count: Int) -> Int {
        let target = Int(starts.pointer[columns.count]) * index / count
        var low = 0
        var high = columns.count
        while low < high {
            let middle = (low + high) / 2
            if Int(starts.pointer[middle]) < target { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The column blocks of one matrix, each made when it is first asked for and kept as long as the matrix.
final class ColumnBlocks: Sendable {
    private struct State {
        var rowsPerBlock = 0
        var blocks: [ColumnBlock?] = []
        var boundaries: [Int] = []
    }
    private let state = Mutex(State())

    /// Rows of a block: what the first caller asked for.
    func rowsPerBlock(_ wish: Int, of matrix: SparseMatrix) -> Int {
        state.withLock { state in
            if state.rowsPerBlock == 0 {
                // Blocks of one size; as many as the wish needs.
                let count = max(1, (matrix.rows + wish - 1) / wish)
                state.rowsPerBlock = max(1, (matrix.rows + count - 1) / count)
                state.blocks = [ColumnBlock?](repeating: nil, count: count)
            }
            return state.rowsPerBlock
        }
    }

    /// - Precondition: `rowsPerBlock` was asked for.
    func block(_ index: Int, of matrix: SparseMatrix, threads: Int) -> ColumnBlock {
        state.withLock { state in
            if let block = state.blocks[index] { return block }
            let start = index * state.rowsPerBlock
            let block = ColumnBlock(
                matrix, rows: start..<min(start + state.rowsPerBlock, matrix.rows), threads: threads)
            state.blocks[index] = block
            return block
        }
    }

    /// Columns that cut the entries of the whole matrix into 64 about equal parts: 65 ascending values.
    func boundaries(of matrix: SparseMatrix) -> [Int] {
        state.withLock { state in
            if state.boundaries.isEmpty {
                var counts = [Int](repeating: 0, count: matrix.columns)
                for k in 0..<matrix.nonZeros { counts[Int(matrix.columnIndices.pointer[k])] += 1 }
                var boundaries = [0]
                var before = 0
                for (column, count) in counts.enumerated() {
                    while boundaries.count < 64, before >= matrix.nonZeros * boundaries.count / 64 + 1 {
                        boundaries.append(column)
                    }
                    before += count
                }
                while boundaries.count < 65 { boundaries.append(matrix.columns) }
                state.boundaries = boundaries
            }
            return state.boundaries
        }
    }
}

extension SparseMatrix {
    /// Rows per column block, at most about `wish`; the first call decides for the life of the matrix.
    public func rowsPerColumnBlock(_ wish: Int) -> Int { columnBlocks.rowsPerBlock(wish, of: self) }

    /// Block `index`; sorting it, the first time, takes as long as a few products.
    /// - Precondition: `rowsPerColumnBlock` was called; index < ⌈rows / rows per block⌉.
    public func columnBlock(_ index: Int, threads: Int = 1) -> ColumnBlock {
        columnBlocks.block(index, of: self, threads: threads)
    }

    /// Columns of part `index` of `count` ≤ 64: about as many entries in each.
    public func columnPart(_ index: Int, of count: Int) -> Range<Int> {
        if count == 1 { return 0..<columns }
        let boundaries = columnBlocks.boundaries(of: self)
        return boundaries[64 * index / count]..<boundaries[64 * (index + 1) / count]
    }
}
