import Datasets
import Kernels

/// A micro-batch on its way through the layers and back.
extension Network {
    /// Calls `body` with the rows of each micro-batch, the values of all layers for them, and a zero for each row.
    func forEachMicroBatch(
        of batch: Batch, at x: UnsafePointer<Float>, _ body: (Range<Int>, Tape, UnsafeMutablePointer<Double>) -> Void
    ) {
        workspace.with(Float.self, count: plan.tapeCount(samples: batch.count, isTraining: true)) { memory in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: plan.microBatch) { squares in
                guard let squares = squares.baseAddress else { return }
                forEachBlock(of: batch, rows: plan.microBatch) { rows, _ in
                    let tape = Tape(plan, memory: memory, samples: rows.count)
                    forward(batch, rows, at: x, tape, isTraining: true)
                    squares.update(repeating: 0, count: rows.count)
                    body(rows, tape, squares)
                }
            }
        }
    }

    /// The loss of a micro-batch; gradients go where `tensors` says for each layer.
    func back(
        _ batch: Batch, _ rows: Range<Int>, at x: UnsafePointer<Float>, _ tape: Tape,
        _ squares: UnsafeMutablePointer<Double>,
        _ tensors: (Int) -> (weights: TensorGradient, biases: TensorGradient)
    ) -> Double {
        let block = marginBlock(batch, rows, tape)
        let loss = loss.residuals(block, into: tape.delta(layers.count - 1).pointer)
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: rows.count) { ends in
            var count = 0
            var end = rows.lowerBound
            while end < rows.upperBound {
                end = min((end / plan.groupSize + 1) * plan.groupSize, rows.upperBound)
                ends[count] = Int32(end - rows.lowerBound)
                count += 1
            }
            let groups = UnsafeBufferPointer(rebasing: ends[..<count])
            backward(batch, rows, at: x, tape) { index in
                let (weights, biases) = tensors(index)
                return LayerGradient(weights: weights, biases: biases, groups: groups, squares: squares)
            }
        }
        return loss
    }

    func forward(
        _ batch: Batch, _ rows: Range<Int>, at x: UnsafePointer<Float>, _ tape: Tape, isTraining: Bool
    ) {
        var input = inputRows(batch, rows, tape, isTraining: isTraining)
        for index in layers.indices {
            let output = layers[index].worksInPlace ? input : tape.output(index)
            layers[index].forward(
                pass(index, batch, rows, x, tape, isTraining: isTraining), input: input, output: output)
            input = output
        }
    }

    private func backward(
        _ batch: Batch, _ rows: Range<Int>, at x: UnsafePointer<Float>, _ tape: Tape,
        _ gradient: (Int) -> LayerGradient
    ) {
        var outputDelta = tape.delta(layers.count - 1)
        for index in layers.indices.reversed() {
            let layer = layers[index]
            let input =
                index == 0 ? inputRows(batch, rows, tape, isTraining: true, isWritten: true) : tape.output(index - 1)
            let isFirst = index <= plan.firstWithParameters
            let inputDelta: FloatRows? =
                isFirst ? nil : layer.worksInPlace ? outputDelta : tape.delta(index - 1)
            layer.backward(
                pass(index, batch, rows, x, tape, isTraining: true), input: input, output: tape.output(index),
                outputDelta: outputDelta, inputDelta: inputDelta, gradient: gradient(index))
            guard let inputDelta else { break }
            outputDelta = inputDelta
        }
    }

    private func pass(
        _ index: Int, _ batch: Batch, _ rows: Range<Int>, _ x: UnsafePointer<Float>, _ tape: Tape, isTraining: Bool
    ) -> LayerPass {
        let order = batch.dataset.order
        let first = rows.lowerBound
        return LayerPass(
            count: rows.count, weights: x + plan.weights[index], biases: x + plan.weightCount + plan.biases[index],
            scratch: tape.scratch, kept: tape.kept(index),
            chance: isTraining
                ? Chance(seed: seed, draw: batch.draw, layer: index) { order.position(ofLocal: first + $0) } : nil)
    }

    /// The samples themselves where they lie ready, else a dense copy of them: in training, the variants of the batch's
    /// draw.
    private func inputRows(
        _ batch: Batch, _ rows: Range<Int>, _ tape: Tape, isTraining: Bool, isWritten: Bool = false
    ) -> FloatRows {
        let dataset = batch.dataset
        precondition(
            dataset.features.columns == plan.input.count, "network and data differ in their number of features")
        let copy = tape.input
        switch dataset.features {
        case .dense(let matrix):
            let augmentation = isTraining ? dataset.augmentation : nil
            guard plan.needsInputCopy || augmentation != nil else {
                return FloatRows(matrix.row(rows.lowerBound), stride: matrix.stride)
            }
            if isWritten { return copy }
            for (index, row) in rows.enumerated() {
                guard let augmentation else {
                    copy.row(index).update(from: matrix.row(row), count: plan.input.count)
                    continue
                }
                augmentation.write(
                    matrix.row(row), shape: plan.input, position: dataset.order.position(ofLocal: row),
                    draw: batch.draw, into: copy.row(index))
            }
        case .sparse(let matrix):
            if isWritten { return copy }
            for (index, row) in rows.enumerated() {
                let target = copy.row(index)
                if let shift = dataset.shift {
                    for j in 0..<plan.input.count { target[j] = -shift.pointer[j] }
                } else {
                    target.update(repeating: 0, count: plan.input.count)
                }
                for entry in matrix.rowOffsets.pointer[row]..<matrix.rowOffsets.pointer[row + 1] {
                    target[Int(matrix.columnIndices.pointer[entry])] += matrix.values.pointer[entry]
                }
            }
        }
        return copy
    }

    func marginBlock(_ batch: Batch, _ rows: Range<Int>, _ tape: Tape) -> MarginBlock {
        MarginBlock(
            batchRows: rows, of: batch.dataset, margins: UnsafePointer(tape.output(layers.count - 1).pointer),
            kernels: .current, grid: batch.grids.loss)
    }
}
