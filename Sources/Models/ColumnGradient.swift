import Datasets
import Kernels

// Sparse rows with several margins: one block of rows after the other, in two phases. First the threads share the rows
// (margins, residuals, norms), then the columns of the gradient. So no thread needs a gradient of its own, and a block that is mostly in the batch is gathered column by column, which touches a
// feature's parameters once a block instead of once an entry.
extension LinearModel {
    /// Residuals of a block: they are read at random, and should stay in the last-level cache.
    private static var residualBytes: Int { 8 << 20 }

    func writeSumsByColumns(
        _ batch: Batch, _ matrix: SparseMatrix, _ products: MarginProducts, into target: UnsafeMutablePointer<Double>
    ) -> LossSums {
        let stride = products.classStride
        let blockRows = matrix.rowsPerColumnBlock(max(1024, Self.residualBytes / (4 * stride)))
        let threadCount = BatchParts(batch, threads: threads, classes: loss.classes).count
        let sums = AlignedBuffer<LossSums>(count: threadCount)
        let residualSums = AlignedBuffer<Double>(count: threadCount * stride)
        products.begin(target, batch.grids)
        workspace.with(Float.self, count: blockRows * stride) { residuals in
            for index in 0..<(matrix.rows + blockRows - 1) / blockRows {
                let blockRange = index * blockRows..<min((index + 1) * blockRows, matrix.rows)
                let part = batch.clamped(to: blockRange)
                if part.count == 0 { continue }
                let start = residuals - blockRange.lowerBound * stride
                let parts = BatchParts(part, count: min(threadCount, part.count))
                concurrently(parts.count) { thread in
                    sums.pointer[thread].add(
                        writeResiduals(parts[thread], products, to: start, residualSums.pointer + thread * stride))
                }
                addProducts(part, blockRange, matrix, residuals: start, threads: threadCount, to: target, index)
            }
        }
        for thread in 1..<max(1, threadCount) {
            for c in 0..<stride { residualSums.pointer[c] += residualSums.pointer[thread * stride + c] }
        }
        products.end(target, batch.grids)
        products.writeResidualSums(residualSums.pointer, to: target)
        return sums.elements.reduce(into: LossSums()) { $0.add($1) }
    }

    /// - Parameter target: where the residuals of row 0 would be.
    private func writeResiduals(
        _ batch: Batch, _ products: MarginProducts, to target: UnsafeMutablePointer<Float>,
        _ residualSums: UnsafeMutablePointer<Double>
    ) -> LossSums {
        var total = LossSums()
        var totals = PassTotals()
        forEachBlock(of: batch, rows: products.blockRows) { rows, _ in
            let margins = target + rows.lowerBound * products.classStride
            products.margins(rows, into: margins)
            let block = MarginBlock(
                batchRows: rows, of: batch.dataset, margins: margins, kernels: kernels, grid: batch.grids.loss)
            total.loss += loss.residuals(block, into: margins)
            products.addResiduals(rows, margins, batch.grids, into: residualSums, totals: &totals)
        }
        total.squaredNorms = totals.squaredNorms
        total.largestResidual = totals.largest
        return total
    }

    private func addProducts(
        _ batch: Batch, _ block: Range<Int>, _ matrix: SparseMatrix, residuals: UnsafeMutablePointer<Float>,
        threads: Int, to gradient: UnsafeMutablePointer<Double>, _ index: Int
    ) {
        let stride = KernelSet.classStride(loss.classes)
        if 2 * batch.count >= block.count {
            let sorted = matrix.columnBlock(index, threads: threads)
            // Rows outside the batch take part with residual zero.
            for row in block where !(0..<batch.rangeCount).contains(where: { batch.range($0).contains(row) }) {
                (residuals + row * stride).update(repeating: 0, count: stride)
            }
            concurrently(threads) { thread in
                kernels.transposedProduct(
                    sorted, part: sorted.part(thread, of: threads), residuals: residuals + block.lowerBound * stride,
                    classes: loss.classes, into: gradient)
            }
            return
        }
        concurrently(threads) { thread in
            for rows in (0..<batch.rangeCount).lazy.map({ batch.range($0) }) where !rows.isEmpty {
                kernels.transposedProduct(
                    matrix, rows, residuals: residuals + rows.lowerBound * stride, classes: loss.classes,
                    columns: matrix.columnPart(thread, of: threads), into: gradient)
            }
        }
    }
}
