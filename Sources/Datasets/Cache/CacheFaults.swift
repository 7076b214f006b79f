import Kernels

/// What a cache says of itself may be anything: checksums find accidents, and these checks what no checksum finds, before a
/// number is used as a length, a place or an index.
extension CacheDescription {
    /// What does not fit together; nil: all does.
    /// - Parameters:
    ///   - pieces: checksums that the file has.
    ///   - rowBytes: length of the rows' part of the file.
    func fault(numbers: [Double], pieces: Int, rowBytes: Int) -> String? {
        if let fault = layout.fault(rowBytes: rowBytes) { return fault }
        guard layout.sectionStarts.last == rowBytes else { return "it is cut off" }
        guard layout.pieces(ranks: 0..<layout.ranks).count == pieces else { return "checksums are missing" }
        guard numberCounts.count == 5, CheckedCount.sum(numberCounts) == numbers.count else {
            return "its numbers are not those that it should have"
        }
        return fault(parts(of: numbers)) ?? table.fault(layout)
    }

    /// The numbers of the labels, means, scales, squares and maxima.
    func parts(of numbers: [Double]) -> [[Double]] {
        var rest = numbers[...]
        return numberCounts.map { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }

    private func fault(_ parts: [[Double]]) -> String? {
        guard LabelSummary.isSound(parts[0]) else { return "the numbers of its labels are none" }
        let labels = LabelSummary(numbers: parts[0])
        guard labels.areText != table.labelNames.isEmpty,
            labels.values.allSatisfy({ !labels.areText || table.labelNames.indices.contains(Int(saturating: $0)) })
        else { return "the names of its labels do not fit them" }
        let scaling = Standardization(kind: standardization, mean: parts[1], scale: parts[2])
        guard scaling.fits(columns: layout.columns), parts[3].isEmpty || parts[3].count == layout.columns,
            parts[3].allSatisfy({ $0 >= 0 && $0.isFinite }), parts[4].count == layout.columns,
            parts[4].allSatisfy({ $0 >= 0 }), validationFraction >= 0, validationFraction < 1
        else { return "its scaling does not fit its columns" }
        guard labelScale?.isSound ?? true else { return "the scale of its labels is none" }
        return nil
    }
}

extension CacheDescription.Table {
    fileprivate func fault(_ layout: CacheLayout) -> String? {
        guard rows == layout.rows[0] + layout.rows[1], columns == layout.columns, hasWeights == layout.hasWeights,
            nonZeros >= 0, firstRowOfFile.allSatisfy({ (0...rows).contains($0) }),
            sampleShape.map({ $0.count == columns }) ?? true, schema?.fault == nil,
            schema.map({ $0.featureCount == columns }) ?? true
        else { return "its rows are not those of its table" }
        return nil
    }
}

extension CacheLayout {
    /// Whether all lengths are possible in a file of that size. Afterwards none of this type's sums overflows.
    fileprivate func fault(rowBytes: Int) -> String? {
        let isSound =
            rows.count == 2 && rows.allSatisfy { (0...rowBytes).contains($0) } && !entries.isEmpty
            && entries.allSatisfy { $0.count == 2 && $0.allSatisfy { (0...rowBytes).contains($0) } }
            && (1...Int(Int32.max)).contains(columns) && (1...1 << 30).contains(blockSize)
        guard isSound else { return "its layout is none" }
        guard storage == .dense else { return nil }
        let stored = CheckedCount.product([rows[0] + rows[1], 4, DenseMatrix.stride(columns: columns)])
        return stored.map { $0 <= rowBytes } ?? false ? nil : "its layout is none"
    }
}

extension CacheReader {
    /// What is wrong with the rows that this rank will use or send: places beyond their arrays, columns beyond the table,
    /// labels that have no name.
    func rowFault(ranks: Int, rank: Int, seed: UInt64) -> String? {
        let layout = description.layout
        let isSame = layout.ranks == ranks && description.seed == seed
        let mine =
            isSame
            ? layout.rows.indices.map { part in
                (part: part, writer: rank, rows: 0..<layout.order(part: part, rank: rank).localCount)
            } : layout.share(ranks: ranks, rank: rank)
        let starts = layout.sectionStarts
        for (part, writer, rows) in mine {
            let arrays = layout.section(rank: writer).parts[part]
            let base = UnsafeRawPointer(self.rows) + starts[writer]
            let entries = layout.entries[writer][part]
            if layout.storage == .sparse,
                !Self.areSparseRows(
                    rows, offsets: (base + arrays.rowOffsets.lowerBound).assumingMemoryBound(to: Int.self),
                    columns: (base + arrays.columnIndices.lowerBound).assumingMemoryBound(to: Int32.self),
                    entries: entries, width: layout.columns)
            {
                return "the places of its entries do not fit together"
            }
            if !labels.isCapped,
                !Self.areIndices(
                    rows, (base + arrays.labels.lowerBound).assumingMemoryBound(to: Float.self),
                    count: labels.values.count)
            {
                return "a label stands for none of its labels"
            }
        }
        return nil
    }

    /// Offsets ascend, and so do the columns within each row.
    private static func areSparseRows(
        _ rows: Range<Int>, offsets: UnsafePointer<Int>, columns: UnsafePointer<Int32>, entries: Int, width: Int
    ) -> Bool {
        guard !rows.isEmpty else { return true }
        var last = offsets[rows.lowerBound]
        guard last >= 0, last <= entries, rows.lowerBound > 0 || last == 0 else { return false }
        for row in rows {
            let next = offsets[row + 1]
            guard next >= last, next <= entries else { return false }
            var before: Int32 = -1
            var isAscending = true
            for entry in last..<next {
                isAscending = isAscending && columns[entry] > before
                before = columns[entry]
            }
            guard isAscending, Int(before) < width else { return false }
            last = next
        }
        return true
    }

    private static func areIndices(_ rows: Range<Int>, _ labels: UnsafePointer<Float>, count: Int) -> Bool {
        let limit = Float(count)
        var areAll = true
        for row in rows { areAll = areAll && labels[row] >= 0 && labels[row] < limit }
        return areAll
    }
}
