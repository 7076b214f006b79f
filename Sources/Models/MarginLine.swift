import Datasets
import Kernels

/// The loss of a linear model along x + α d, from margins: m(α) = m + α m', one read of the features for both.
final class MarginLine<Loss: MarginLoss>: WalkableLine {
    private let model: LinearModel<Loss>
    private let batch: Batch
    private let classStride: Int
    /// Margins and then their slopes, sample by sample in batch order; from the model's workspace.
    private let buffer: AlignedBuffer<UInt8>
    private let margins: UnsafeMutablePointer<Float>
    private let slopes: UnsafeMutablePointer<Float>
    private let parts: BatchParts

    init(
        model: LinearModel<Loss>, batch: Batch, parameters: UnsafePointer<Float>, direction: UnsafePointer<Float>
    ) {
        self.model = model
        self.batch = batch
        let atParameters = model.products(batch.dataset, at: parameters)
        let alongDirection = model.products(batch.dataset, at: direction)
        let stride = atParameters.classStride
        classStride = stride
        let count = (batch.count * stride + 15) / 16 * 16
        buffer = model.workspace.take(bytes: 2 * count * MemoryLayout<Float>.stride)
        let margins = UnsafeMutableRawPointer(buffer.pointer).bindMemory(to: Float.self, capacity: 2 * count)
        let slopes = margins + count
        let parts = BatchParts(batch, threads: model.threads, classes: model.loss.classes)
        concurrently(parts.count) { part in
            forEachBlock(of: parts[part], rows: atParameters.rowsInFirstCache) { rows, index in
                let place = (parts.start(part) + index) * stride
                atParameters.margins(rows, into: margins + place)
                alongDirection.margins(rows, into: slopes + place)
            }
        }
        self.margins = margins
        self.slopes = slopes
        self.parts = parts
    }

    deinit { model.workspace.give(back: buffer) }

    func losses(at steps: [Double], grid: SumGrid) -> [Double] {
        // Each block is evaluated at all steps while it is in cache.
        let sums = AlignedBuffer<Double>(count: parts.count * steps.count)
        concurrently(parts.count) { part in
            forEachBlock(of: parts[part], rows: blockRows) { rows, index in
                let place = (parts.start(part) + index) * classStride
                let block = MarginBlock(
                    batchRows: rows, of: batch.dataset, margins: margins + place, kernels: model.kernels, grid: grid)
                for (k, step) in steps.enumerated() {
                    sums.pointer[part * steps.count + k] += model.loss.loss(
                        block, along: slopes + place, step: Float(step))
                }
            }
        }
        return steps.indices.map { k in
            (0..<parts.count).reduce(0.0) { $0 + sums.pointer[$1 * steps.count + k] }
        }
    }

    func curvature(grid: SumGrid) -> Double? {
        let sums = AlignedBuffer<Double>(count: parts.count)
        concurrently(parts.count) { part in
            forEachBlock(of: parts[part], rows: blockRows) { rows, index in
                let place = (parts.start(part) + index) * classStride
                let block = MarginBlock(
                    batchRows: rows, of: batch.dataset, margins: margins + place, kernels: model.kernels, grid: grid)
                sums.pointer[part] += model.loss.curvature(block, along: slopes + place)
            }
        }
        return sums.elements.reduce(0, +)
    }

    func advance(by step: Double) {
        concurrently(parts.count) { part in
            let samples = parts.start(part)..<parts.start(part) + parts[part].count
            let place = samples.lowerBound * classStride
            model.kernels.addScaled(
                count: samples.count * classStride, margins + place, step: Float(step), slopes + place,
                into: margins + place)
        }
    }

    func writeSums(
        _ dataset: Dataset, grids: SumGrids, at parameters: UnsafeBufferPointer<Float>,
        into sums: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        guard let x = parameters.baseAddress, let target = sums.baseAddress else { return LossSums() }
        var batch = Batch(batch, of: dataset)
        batch.grids = grids
        var products = model.products(dataset, at: x)
        products.known = KnownMargins(batch: batch, margins: margins, classStride: classStride)
        return model.writeSumsInParts(batch, products, into: target)
    }

    func turn(to direction: UnsafeBufferPointer<Float>) {
        guard let d = direction.baseAddress else { return }
        let products = model.products(batch.dataset, at: d)
        concurrently(parts.count) { part in
            forEachBlock(of: parts[part], rows: products.blockRows) { rows, index in
                products.margins(rows, into: slopes + (parts.start(part) + index) * classStride)
            }
        }
    }

    private var blockRows: Int { max(16, 960 / classStride) }
}

extension LinearModel {
    public func directionalLoss(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, direction: UnsafeBufferPointer<Float>
    ) -> any DirectionalLoss {
        guard batch.count > 0, let x = parameters.baseAddress, let d = direction.baseAddress else {
            return EmptyLine()
        }
        return MarginLine(model: self, batch: batch, parameters: x, direction: d)
    }
}

/// A rank without samples.
struct EmptyLine: WalkableLine {
    func advance(by step: Double) {}
    func turn(to direction: UnsafeBufferPointer<Float>) {}
    func writeSums(
        _ dataset: Dataset, grids: SumGrids, at parameters: UnsafeBufferPointer<Float>,
        into sums: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        sums.update(repeating: 0)
        return LossSums()
    }

    func losses(at steps: [Double], grid: SumGrid) -> [Double] { [Double](repeating: 0, count: steps.count) }
    func curvature(grid: SumGrid) -> Double? { 0 }
}
