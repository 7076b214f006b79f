import Datasets
import Kernels

extension Batch {
    /// Samples `range` of this batch, counted through its ranges.
    func samples(_ range: Range<Int>) -> Batch {
        func cut(_ rows: Range<Int>, _ offset: Int) -> Range<Int> {
            let low = min(max(range.lowerBound - offset, 0), rows.count)
            let high = min(max(range.upperBound - offset, 0), rows.count)
            return rows.lowerBound + low..<rows.lowerBound + high
        }
        guard !others.isEmpty else {
            return with(Batch(dataset: dataset, first: cut(first, 0), second: cut(second, first.count), draw: draw))
        }
        var ranges: [Range<Int>] = []
        var offset = 0
        for index in 0..<rangeCount {
            let rows = self.range(index)
            ranges.append(cut(rows, offset))
            offset += rows.count
        }
        return with(Batch(dataset: dataset, ranges: ranges, draw: draw))
    }

    /// `part` on the grids of this batch.
    private func with(_ part: Batch) -> Batch {
        var part = part
        part.grids = grids
        return part
    }

    /// The samples whose local rows lie in `rows`.
    func clamped(to rows: Range<Int>) -> Batch {
        guard !others.isEmpty else {
            return with(
                Batch(dataset: dataset, first: first.clamped(to: rows), second: second.clamped(to: rows), draw: draw))
        }
        return with(Batch(dataset: dataset, ranges: (0..<rangeCount).map { range($0).clamped(to: rows) }, draw: draw))
    }
}

/// A batch cut into parts for threads: consecutive samples, as many in each part.
struct BatchParts {
    let batch: Batch
    /// The number of samples before each part, and that of all: parts end where a piece does (see `KernelSet`).
    private let starts: [Int]

    var count: Int { starts.count - 1 }

    /// Multiplications that are worth a thread of their own.
    static let workPerThread = 1 << 16

    /// - Parameters:
    ///   - threads: the most parts.
    ///   - classes: margins per sample.
    ///   - merged: values that each part adds up in the end; they are work too.
    init(_ batch: Batch, threads: Int, classes: Int, merged: Int = 0) {
        guard threads > 1 else {
            self.init(batch, count: 1)
            return
        }
        let perRow =
            switch batch.dataset.features {
            case .dense(let matrix): matrix.columns
            case .sparse(let matrix): matrix.rows == 0 ? 0 : matrix.nonZeros / matrix.rows + 1
            }
        let samples = batch.count
        let work = samples * perRow * classes
        self.init(batch, count: max(1, min(threads, samples / 16, work / (Self.workPerThread + 4 * merged))))
    }

    init(_ batch: Batch, count: Int) {
        self.batch = batch
        let samples = batch.count
        var starts = [0]
        var before = 0
        // Batches may have as many ranges as rows.
        for index in 0..<batch.rangeCount where starts.count < count {
            let rows = batch.range(index)
            while starts.count < count {
                let even = samples * starts.count / count
                guard even < before + rows.count else { break }
                let row = rows.lowerBound + even - before
                starts.append(before + min((row + 15) / 16 * 16, rows.upperBound) - rows.lowerBound)
            }
            before += rows.count
        }
        self.starts = starts + [Int](repeating: samples, count: count + 1 - starts.count)
    }

    func start(_ index: Int) -> Int { starts[index] }

    subscript(index: Int) -> Batch {
        count == 1 ? batch : batch.samples(start(index)..<start(index + 1))
    }

    /// Σ of `body` over the parts, added in their order.
    func sum(_ body: (Batch) -> Double) -> Double {
        if count == 1 { return body(batch) }
        let results = AlignedBuffer<Double>(count: count)
        concurrently(count) { results.pointer[$0] = body(self[$0]) }
        return results.elements.reduce(0, +)
    }
}
