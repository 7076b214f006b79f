import Datasets
import Kernels

// Sums of models that know nothing of grids. A rank's part of a batch is added up piece by piece: what there is of sixteen
// neighbours in the order of the rows is on one rank at any number of them, so that the model's own sum over a piece, whatever
// its order, is the same everywhere, and is rounded to a grid as a whole.
extension Model {
    /// Writes Σ ∇f over this rank's part of the batch, each piece's on the first of `batch.grids.stretches`, and to `size` on the
    /// same grid Σ of the largest element of each piece.
    public func writePieceSums(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Double>,
        size: inout Double
    ) -> LossSums {
        let grids = batch.grids
        let grid = grids.stretches.first ?? .none
        let piece = AlignedBuffer<Double>(count: parameterCount)
        var total = LossSums()
        sums.update(repeating: 0)
        size = 0
        batch.forEachPiece { rows in
            piece.elements.update(repeating: 0)
            let found = accumulate(rows, at: parameters, gradient: piece.elements)
            total.loss += grids.loss.round(found.loss)
            total.squaredNorms += grids.squaredNorms.round(found.squaredNorms)
            var largest = 0.0
            for j in sums.indices {
                largest = max(largest, abs(piece.pointer[j]))
                sums[j] += grid.round(piece.pointer[j])
            }
            size += grid.roundUp(largest)
        }
        return total
    }

    /// Σ f over this rank's part of the batch: terms, or of models that know nothing of grids pieces, on `grid`.
    public func loss(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>, on grid: SumGrid) -> Double {
        var batch = batch
        batch.grids.loss = grid
        if self is any RowSumModel || self is any WholeSumModel { return loss(batch, at: parameters) }
        var total = 0.0
        batch.forEachPiece { total += grid.round(loss($0, at: parameters)) }
        return total
    }
}

extension Batch {
    /// Calls `body` with what the batch has of sixteen neighbours each.
    fileprivate func forEachPiece(_ body: (Batch) -> Void) {
        forEachBlock(of: self, rows: 16) { rows, _ in body(Batch(dataset: dataset, first: rows, draw: draw)) }
    }
}
