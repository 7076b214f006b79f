/// Entries of rows as files have them: in any order, several for one place, and zeros.
enum RowEntries {
    /// Puts the entries of every row in order of their columns, sums those of one column in the order they have and in the
    /// precision of their type, as SciPy does, and leaves out zeros. Returns how many rows were out of order.
    ///
    /// - Parameter ends: the first entry, and the one behind each row.
    static func settle(_ block: inout RowBlock, _ ends: [Int], _ element: ArrayElement) -> Int {
        var (kept, unsorted) = (0, 0)
        var offsets = [0]
        offsets.reserveCapacity(ends.count)
        block.columns.withUnsafeMutableBufferPointer { columns in
            block.values.withUnsafeMutableBufferPointer { values in
                guard let firstColumn = columns.baseAddress, let firstValue = values.baseAddress else {
                    offsets = [Int](repeating: 0, count: ends.count)
                    return
                }
                for row in 0..<ends.count - 1 {
                    let (start, count) = (ends[row], ends[row + 1] - ends[row])
                    let settled = settle(firstColumn + start, firstValue + start, count, element)
                    if kept != start {
                        (firstColumn + kept).update(from: firstColumn + start, count: settled.count)
                        (firstValue + kept).update(from: firstValue + start, count: settled.count)
                    }
                    kept += settled.count
                    unsorted += settled.wasUnsorted ? 1 : 0
                    offsets.append(kept)
                }
            }
        }
        block.columns.removeLast(block.columns.count - kept)
        block.values.removeLast(block.values.count - kept)
        block.rowOffsets = offsets
        return unsorted
    }

    /// One row.
    private static func settle(
        _ columns: UnsafeMutablePointer<Int32>, _ values: UnsafeMutablePointer<Double>, _ count: Int,
        _ element: ArrayElement
    ) -> (count: Int, wasUnsorted: Bool) {
        guard count > 0 else { return (0, false) }
        var wasUnsorted = false
        var isSettled = values[0] != 0
        for index in 1..<count {
            wasUnsorted = wasUnsorted || columns[index] < columns[index - 1]
            isSettled = isSettled && columns[index] > columns[index - 1] && values[index] != 0
        }
        guard !isSettled else { return (count, false) }
        if wasUnsorted {
            // By column and then by place, so that the order among equals stays.
            let order = (0..<count).sorted { (columns[$0], $0) < (columns[$1], $1) }
            let sorted = order.map { (columns[$0], values[$0]) }
            for (index, entry) in sorted.enumerated() { (columns[index], values[index]) = entry }
        }
        var kept = 0
        var index = 0
        while index < count {
            let column = columns[index]
            var sum = values[index]
            index += 1
            while index < count, columns[index] == column {
                sum = element.stored(sum + values[index])
                index += 1
            }
            guard sum != 0 else { continue }
            (columns[kept], values[kept]) = (column, sum)
            kept += 1
        }
        return (kept, wasUnsorted)
    }
}

extension ArrayElement {
    /// A sum of two such numbers as one of them: NumPy's whole numbers wrap around, and truth stays truth.
    fileprivate func stored(_ sum: Double) -> Double {
        func wrapped<Word: FixedWidthInteger>(_: Word.Type) -> Double {
            Double(Word(truncatingIfNeeded: Int(saturating: sum)))
        }
        return switch self {
        case .f2, .f4: Double(Float(sum))
        case .i1: wrapped(Int8.self)
        case .i2: wrapped(Int16.self)
        case .i4: wrapped(Int32.self)
        case .u1: wrapped(UInt8.self)
        case .u2: wrapped(UInt16.self)
        case .u4: wrapped(UInt32.self)
        case .b1: sum == 0 ? 0 : 1
        default: sum
        }
    }
}
