import Datasets
import Kernels
import Testing

@testable import Models

/// The sums of a gradient, a loss and a line are the same bits however the rows are spread over ranks and threads, and with
/// every instruction set that fuses multiply and add.
@Suite struct ExactSumsTests {
    private struct Sums: Equatable {
        var gradient: [Double]
        var numbers: [Double]
    }

    /// What ranks find together.
    private func sums<Loss: MarginLoss>(
        _ loss: Loss, _ data: TestData, sparse: Bool, ranks: Int, threads: Int, kernels: KernelSet, walked: Bool
    ) -> Sums {
        let whole = data.dataset(sparse: sparse)
        let model = LinearModel(loss, featureCount: data.columns, threads: threads, kernels: kernels)
        var random = Generator(state: 5)
        let x = (0..<model.parameterCount).map { _ in 0.2 * random.normal() }
        let d = (0..<model.parameterCount).map { _ in 0.2 * random.normal() }
        var grids = SumGrids()
        grids.loss = SumGrid(exponent: 16)
        grids.squaredNorms = SumGrid(exponent: 20)
        grids.residuals = SumGrid(exponent: 14)
        grids.columns = AlignedBuffer(
            whole.features.largestMagnitudes().map {
                SumGrid(exponent: SumGrid.exponent(above: Double($0)) + 14).anchor
            })
        var total = Sums(gradient: [Double](repeating: 0, count: model.sumCount), numbers: [])
        for rank in 0..<ranks {
            let dataset = whole.share(of: rank, ranks)
            // A batch that wraps and begins in the middle of a piece.
            var batch = dataset.batch(start: 1003, count: 777)
            batch.grids = grids
            var own = [Double](repeating: 0, count: model.sumCount)
            let numbers = x.withUnsafeBufferPointer { x in
                d.withUnsafeBufferPointer { d -> [Double] in
                    let line = model.directionalLoss(batch, at: x, direction: d)
                    if walked { (line as? any WalkableLine)?.advance(by: 0.5) }
                    let found = own.withUnsafeMutableBufferPointer { sums in
                        walked
                            ? (line as? any WalkableLine)?.writeSums(dataset, grids: grids, at: x, into: sums)
                                ?? LossSums()
                            : model.writeSums(batch, at: x, into: sums)
                    }
                    return [found.loss, found.squaredNorms, model.loss(batch, at: x)]
                        + line.losses(at: [0, 0.7, 3], grid: grids.loss)
                        + [line.curvature(grid: grids.squaredNorms) ?? 0]
                }
            }
            total.gradient = zip(total.gradient, own).map { $0 + $1 }
            total.numbers = total.numbers.isEmpty ? numbers : zip(total.numbers, numbers).map { $0 + $1 }
        }
        return total
    }

    private func expectSame<Loss: MarginLoss>(_ loss: Loss, _ labels: TestLabels, sparse: Bool, columns: Int) {
        let data = TestData(
            rows: 1200, columns: columns, labels: labels, weighted: true, shifted: sparse, density: sparse ? 0.3 : 1)
        let fused = KernelSet.available.filter { $0.name != "baseline" }
        for walked in [false, true] {
            let one = sums(
                loss, data, sparse: sparse, ranks: 1, threads: 1, kernels: fused.first ?? .current, walked: walked)
            for kernels in fused {
                for (ranks, threads) in [(1, 1), (1, 3), (2, 1), (3, 2), (7, 1)] {
                    let found = sums(
                        loss, data, sparse: sparse, ranks: ranks, threads: threads, kernels: kernels, walked: walked)
                    #expect(found == one, "\(kernels.name), \(ranks) ranks, \(threads) threads, walked \(walked)")
                }
            }
            let baseline = KernelSet.available.first { $0.name == "baseline" } ?? .current
            let first = sums(loss, data, sparse: sparse, ranks: 1, threads: 1, kernels: baseline, walked: walked)
            #expect(
                sums(loss, data, sparse: sparse, ranks: 3, threads: 2, kernels: baseline, walked: walked) == first)
        }
    }

    @Test(arguments: [false, true], [3, 40, 530])
    func logistic(sparse: Bool, columns: Int) { expectSame(LogisticLoss(), .binary, sparse: sparse, columns: columns) }

    @Test(arguments: [false, true])
    func otherLossesOfOneMargin(sparse: Bool) {
        expectSame(SquaredError(), .real, sparse: sparse, columns: 20)
        expectSame(SquaredHinge(), .binary, sparse: sparse, columns: 20)
        expectSame(HuberLoss(), .real, sparse: sparse, columns: 20)
        expectSame(PoissonLoss(), .count, sparse: sparse, columns: 20)
    }

    @Test(arguments: [false, true], [3, 16, 50])
    func softmax(sparse: Bool, classes: Int) {
        expectSame(SoftmaxLoss(classes: classes), .classes(classes), sparse: sparse, columns: 20)
    }
}

extension Dataset {
    /// What one of several ranks owns of a data set on one rank.
    fileprivate func share(of rank: Int, _ ranks: Int) -> Dataset {
        let order = DataOrder(count: self.order.count, ranks: ranks, rank: rank)
        let rows = (0..<order.localCount).map { order.position(ofLocal: $0) }
        let features: FeatureMatrix
        switch self.features {
        case .dense(let matrix):
            let own = DenseMatrix(rows: rows.count, columns: matrix.columns)
            for (index, row) in rows.enumerated() { own.row(index).update(from: matrix.row(row), count: matrix.stride) }
            features = .dense(own)
        case .sparse(let matrix):
            var (offsets, columns, values): ([Int], [Int32], [Float]) = ([0], [], [])
            for row in rows {
                for k in matrix.rowOffsets[row]..<matrix.rowOffsets[row + 1] {
                    columns.append(matrix.columnIndices[k])
                    values.append(matrix.values[k])
                }
                offsets.append(columns.count)
            }
            features = .sparse(
                SparseMatrix(
                    rows: rows.count, columns: matrix.columns, rowOffsets: AlignedBuffer(offsets),
                    columnIndices: AlignedBuffer(columns), values: AlignedBuffer(values)))
        }
        return Dataset(
            order: order, features: features, shift: shift, labels: AlignedBuffer(rows.map { labels[$0] }),
            weights: weights.map { weights in AlignedBuffer(rows.map { weights[$0] }) },
            squaredNorms: AlignedBuffer(rows.map { squaredNorms[$0] }))
    }
}
