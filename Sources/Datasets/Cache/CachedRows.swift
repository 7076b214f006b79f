import Kernels
import MPI

/// Turns the rows of a cache into the data sets of a run.
///
/// Where as many ranks read the cache as wrote it, with the same seed, every rank's section is its data set: in place on
/// a local file system, copied from a shared one. Otherwise every rank reads an equal share and sends each row to its
/// owner.
struct CachedRows {
    let reader: CacheReader
    let seed: UInt64
    let encoding: LabelEncoding
    let communicator: any Communicator
    /// Maps stored rows in place even where their file system is not known to be local; for tests, false copies.
    var mapsInPlace: Bool?

    var layout: CacheLayout { reader.description.layout }
    /// What the labels of the cache stand for: class numbers or values; nil: they stand for themselves.
    var labelMap: [Float]? {
        guard !reader.labels.isCapped else { return nil }
        let lookup = LabelLookup(encoding, names: reader.description.table.labelNames)
        let map = reader.labels.values.map { lookup($0) }
        return map == map.indices.map { Float($0) } ? nil : map
    }

    var scaler: RowScaler {
        RowScaler(reader.standardization, storage: layout.storage, columns: layout.columns)
    }

    /// Collective. Training rows and validation rows.
    func datasets() throws -> [Dataset] {
        let isSame = layout.ranks == communicator.size && reader.description.seed == seed
        guard isSame else { return try exchanged() }
        let section = layout.section(rank: communicator.rank)
        return layout.rows.indices.map { part in
            dataset(section.parts[part], order: layout.order(part: part, rank: communicator.rank))
        }
    }

    private func dataset(_ arrays: CacheLayout.Arrays, order: DataOrder) -> Dataset {
        let count = order.localCount
        let base = layout.sectionStarts[communicator.rank]
        func buffer<Element: BitwiseCopyable>(_ range: Range<Int>, _: Element.Type) -> AlignedBuffer<Element> {
            let count = range.count / MemoryLayout<Element>.stride
            let elements = (reader.rows + base + range.lowerBound).assumingMemoryBound(to: Element.self)
            if mapsInPlace ?? reader.file.isLocal { return AlignedBuffer(elements, count: count, ownedBy: reader.file) }
            let copy = AlignedBuffer<Element>(count: count)
            copy.pointer.update(from: elements, count: count)
            return copy
        }
        let features: FeatureMatrix
        switch layout.storage {
        case .dense:
            features = .dense(
                DenseMatrix(rows: count, columns: layout.columns, storage: buffer(arrays.values, Float.self)))
        case .sparse:
            features = .sparse(
                SparseMatrix(
                    rows: count, columns: layout.columns, rowOffsets: buffer(arrays.rowOffsets, Int.self),
                    columnIndices: buffer(arrays.columnIndices, Int32.self), values: buffer(arrays.values, Float.self)))
        }
        var labels = buffer(arrays.labels, Float.self)
        if let map = labelMap {
            let mapped = AlignedBuffer<Float>(count: count)
            for row in 0..<count { mapped.pointer[row] = map[Int(labels.pointer[row])] }
            labels = mapped
        }
        return Dataset(
            order: order, features: features, shift: scaler.shift, labels: labels,
            weights: layout.hasWeights ? buffer(arrays.weights, Float.self) : nil,
            squaredNorms: buffer(arrays.squaredNorms, Float.self))
    }
}

extension CacheReader {
    /// The scale of the training rows' labels where the cache lists their values: as `DistributedTable.learnLabelScale` finds
    /// it. Collective.
    func labelScale(_ scaling: LabelScaling, _ communicator: any Communicator) throws -> LabelScale {
        guard scaling != .none else { return .none }
        let layout = description.layout
        var counts = [Int](repeating: 0, count: labels.values.count)
        for writer in stride(from: communicator.rank, to: layout.ranks, by: communicator.size) {
            let codes = (rows + layout.sectionStarts[writer] + layout.section(rank: writer).parts[0].labels.lowerBound)
                .assumingMemoryBound(to: Float.self)
            for row in 0..<layout.order(part: 0, rank: writer).localCount {
                let code = Int(codes[row])
                if counts.indices.contains(code) { counts[code] += 1 }
            }
        }
        return LabelScale(scaling, values: labels.values, counts: try communicator.allreduce(counts, .sum))
    }
}
