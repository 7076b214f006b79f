import Datasets
import Evaluation

/// The bytes of this rank's rows, a piece at a time.
struct PredictionPieces {
    private let trained: TrainedModel
    private let form: any PredictionForm
    private let dataset: Dataset
    private let pieceSize: Int
    private var row = 0
    /// Made before they were asked for, the next one last.
    private var ready: [[UInt8]] = []
    /// Rows whose prediction is no finite number, and the first of them, from 0.
    private(set) var notFinite = 0
    private(set) var firstNotFinite: Int?

    init(_ trained: TrainedModel, _ form: any PredictionForm, _ dataset: Dataset, pieceSize: Int) {
        self.trained = trained
        self.form = form
        self.dataset = dataset
        self.pieceSize = pieceSize
    }

    /// Makes pieces of that many bytes at least, or all.
    mutating func prepare(bytes: Int) {
        var made: [[UInt8]] = []
        var size = 0
        while size < bytes, let piece = make() {
            size += piece.count
            made.append(piece)
        }
        ready = made.reversed()
    }

    /// nil at the end.
    mutating func next() -> [UInt8]? { ready.popLast() ?? make() }

    private mutating func make() -> [UInt8]? {
        let count = dataset.order.localCount
        guard row < count else { return nil }
        let piece = ByteBuilder(capacity: pieceSize + pieceSize / 4)
        while row < count, piece.count < pieceSize {
            let end = min(row + 1024, count)
            append(row..<end, form, to: piece)
            row = end
        }
        return piece.bytes
    }

    private mutating func append(_ rows: Range<Int>, _ form: some PredictionForm, to piece: ByteBuilder) {
        forEachPrediction(trained.model, trained.parameters, dataset, rows) { row, outputs in
            for output in outputs where !output.isFinite {
                notFinite += 1
                firstNotFinite = firstNotFinite ?? dataset.order.position(ofLocal: row)
                break
            }
            piece.append(upTo: form.size(ofRow: row)) { form.write(row, outputs, to: $0) }
        }
    }
}

/// Bytes that are written one behind the other.
private final class ByteBuilder {
    private var start: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        start = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { start.deallocate() }

    /// - Parameter write: writes at most `size` bytes and returns how many.
    @inline(__always)
    func append(upTo size: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
        if capacity - count < size { grow(to: max(count + size, 2 * capacity)) }
        count += write(start + count)
    }

    private func grow(to size: Int) {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
        larger.update(from: start, count: count)
        start.deallocate()
        (start, capacity) = (larger, size)
    }

    var bytes: [UInt8] { Array(UnsafeBufferPointer(start: start, count: count)) }
}
