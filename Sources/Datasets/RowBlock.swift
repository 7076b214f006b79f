/// Parsed rows before they have a place: what a reader yields and the loader sends to the rows' owners.
///
/// Compressed rows: row i holds entries rowOffsets[i] ..< rowOffsets[i + 1] with ascending, unique, 0-based columns. Or dense
/// ones: `columnCount` values each, zeros too, one row behind the other, and neither offsets nor columns.
public struct RowBlock: Sendable {
    /// Number of the first row in the whole data set (files in the order given). Set once all counts are known.
    public var firstRow = 0
    public var isDense = false
    /// Dense rows: how many values are 0.
    public var zeros = 0
    public var rowOffsets: [Int] = [0]
    public var columns: [Int32] = []
    public var values: [Double] = []
    /// One per row: the number in the file, or an index into `labelNames` when labels are text. NaN where a row has no
    /// label, which only readers told `allowMissingLabels` let through.
    public var labels: [Double] = []
    /// The text labels this block met, in order of appearance; empty for numeric labels.
    public var labelNames: [String] = []
    /// One per row, or empty when the data has no weight column.
    public var weights: [Double] = []
    /// Columns seen so far (largest index + 1, or the table's width).
    public var columnCount = 0
    /// Texts of the identifier columns, row-major (rows × number of identifier columns); empty when there are none.
    public var ids: [String] = []
    /// What the reader met on the way and the user should hear about.
    public var tally = ReadTally()

    public init() {}

    public var rows: Int { isDense ? labels.count : rowOffsets.count - 1 }

    /// Values that are not 0.
    public var nonZeros: Int { values.count - zeros }
}

extension RowBlock {
    /// Removes the rows of weight 0 and returns how many there were.
    mutating func dropWeightless() -> Int {
        weights.contains(0) ? keep(weights.map { $0 != 0 }) : 0
    }

    /// Removes the rows without a label and counts them.
    mutating func dropUnlabelled() {
        guard labels.contains(where: \.isNaN) else { return }
        let dropped = keep(labels.map { !$0.isNaN })
        tally.unlabelled += dropped
    }

    /// Removes the other rows and returns how many there were.
    private mutating func keep(_ isKept: [Bool]) -> Int {
        let kept = rows(where: isKept)
        let dropped = rows - kept.rows
        self = kept
        return dropped
    }

    /// Some of the rows, numbered from the same one on.
    func rows(where isKept: [Bool]) -> RowBlock {
        let width = ids.count / max(1, rows)
        var kept = RowBlock()
        kept.firstRow = firstRow
        kept.isDense = isDense
        for row in 0..<rows where isKept[row] {
            let entries =
                isDense ? row * columnCount..<(row + 1) * columnCount : rowOffsets[row]..<rowOffsets[row + 1]
            kept.values += values[entries]
            if isDense {
                kept.zeros += values[entries].count { $0 == 0 }
            } else {
                kept.columns += columns[entries]
                kept.rowOffsets.append(kept.columns.count)
            }
            kept.labels.append(labels[row])
            if !weights.isEmpty { kept.weights.append(weights[row]) }
            kept.ids += ids[row * width..<(row + 1) * width]
        }
        kept.labelNames = labelNames
        kept.columnCount = columnCount
        kept.tally = tally
        return kept
    }

    /// Gives the rows their values, zeros too. Where more than a third are zeros, rows without them take less memory.
    mutating func setDense(_ values: [Double], nonZeros: Int) {
        self.values = values
        (isDense, zeros) = (true, values.count - nonZeros)
        if 3 * zeros > values.count { self = compressed() }
    }

    /// The same rows without their zeros.
    func compressed() -> RowBlock {
        guard isDense else { return self }
        var packed = self
        (packed.isDense, packed.zeros) = (false, 0)
        packed.rowOffsets.reserveCapacity(rows + 1)
        packed.columns.reserveCapacity(nonZeros)
        packed.values = []
        packed.values.reserveCapacity(nonZeros)
        for row in 0..<rows {
            for column in 0..<columnCount where values[row * columnCount + column] != 0 {
                packed.columns.append(Int32(truncatingIfNeeded: column))
                packed.values.append(values[row * columnCount + column])
            }
            packed.rowOffsets.append(packed.columns.count)
        }
        return packed
    }
}
