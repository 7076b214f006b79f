import MPI

extension RowReading {
    /// The rows of files that hold arrays or sparse matrices. Collective.
    mutating func readArrays() throws {
        notes = set.files.flatMap { ($0.array?.notes ?? $0.sparse?.notes) ?? [] }
        let arrays = set.files.compactMap(\.array)
        let matrices = set.files.compactMap(\.sparse)
        if arrays.contains(where: \.data.header.isFortran) {
            blocks = try readColumnMajor(arrays)
        } else if matrices.contains(where: { $0.matrix.layout != .csr }) {
            blocks = try readScanned(matrices)
        } else {
            let parse = try communicator.togetherOnData { try RowReading.parsers(arrays, matrices) }
            try take(dealer()) { file, chunk in try parse[file](chunk) }
        }
        guard set.files.contains(where: { $0.labels?.isText ?? false || $0.labels?.categories != nil }) else { return }
        try TextLabels.settle(&blocks, set, options, communicator)
    }

    /// One for each file.
    private static func parsers(
        _ arrays: [ArrayTable], _ matrices: [SparseTable]
    ) throws -> [@Sendable (TextChunk) throws -> RowBlock] {
        try arrays.map { array in
            let parser = try ArrayParser(array)
            return { try parser.parse($0) }
        }
            + matrices.map { matrix in
                let parser = try SparseParser(matrix)
                return { try parser.parse($0) }
            }
    }

    /// NumPy arrays of which one at least is in Fortran order: every rank reads its share of the rows.
    private func readColumnMajor(_ arrays: [ArrayTable]) throws -> [ParsedBlock] {
        try communicator.togetherOnData {
            if let packed = arrays.first(where: \.data.source.isPacked) {
                throw DatasetError(
                    "\(packed.path) is packed and another file is in Fortran order: read them one by one, or save "
                        + "numpy.ascontiguousarray(array)")
            }
            var blocks: [ParsedBlock] = []
            let step = max(1, (4 << 20) / (8 * max(1, arrays[0].columns)))
            for (file, range) in LineDealer.shares(
                of: arrays.map(\.rows), ranks: communicator.size, rank: communicator.rank)
            {
                for start in stride(from: range.lowerBound, to: range.upperBound, by: step) {
                    let block = try arrays[file].read(start..<min(start + step, range.upperBound))
                    blocks.append(ParsedBlock(file: file, offset: start, block: block))
                    progress?.add(block.rows * arrays[file].data.header.bytesPerRow)
                }
            }
            return blocks
        }
    }

    /// Matrices of which one at least is not in the order of rows: every rank looks through all of them for its share.
    private func readScanned(_ matrices: [SparseTable]) throws -> [ParsedBlock] {
        try communicator.togetherOnData {
            if let packed = matrices.first(where: { $0.matrix.layout == .csr && $0.matrix.isPacked }) {
                throw DatasetError(
                    "\(packed.matrix.name) is packed and another file is not in the order of rows: read them one by one, or "
                        + "save all with matrix.tocsr()")
            }
            return try LineDealer.shares(
                of: matrices.map(\.matrix.rows), ranks: communicator.size, rank: communicator.rank
            ).map { file, range in
                let block =
                    matrices[file].matrix.layout == .csr
                    ? try matrices[file].read(range, withLabels: true)
                    : try SparseScan(matrices[file]).read(range, progress: progress)
                return ParsedBlock(file: file, offset: range.lowerBound, block: block)
            }
        }
    }
}
