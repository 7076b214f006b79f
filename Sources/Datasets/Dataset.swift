import Kernels

/// This rank's rows of one data set, in ascending global position (see `DataOrder`), standardised and ready to train on.
public struct Dataset: Sendable {
    /// Which global positions this rank owns; `order.count` is the global number of rows N.
    public let order: DataOrder
    /// rows = `order.localCount`.
    public let features: FeatureMatrix
    /// Implicit centring of sparse rows: the true row is the stored row minus `shift` (nil: no centring).
    public let shift: AlignedBuffer<Float>?
    /// One per row: class index 0 ..< C for classification, the target value for regression.
    public let labels: AlignedBuffer<Float>
    /// One per row, scaled so that the mean over all N rows is 1; nil means 1 for every row.
    public let weights: AlignedBuffer<Float>?
    /// ‖x_i‖² of the true (standardised, centred) row, without the intercept.
    public var squaredNorms: AlignedBuffer<Float>
    /// What the intercept's constant feature adds to ‖x_i‖²: 1, or its share in another norm (see `BigBatch.Metric`).
    public var interceptSquaredNorm: Float = 1
    /// Mean of x_j² over all N true rows, where the loader knows it; the same on every rank.
    public var columnSquares: [Double]?
    /// What a row means to a network: an image, say. Nil: a row of a table. `sampleShape.count` is `features.columns`.
    public var sampleShape: SampleShape?
    /// Decides, with `Batch.draw` and a row's global position, what is random about that row.
    public var seed: UInt64 = 0

    public init(
        order: DataOrder, features: FeatureMatrix, shift: AlignedBuffer<Float>? = nil, labels: AlignedBuffer<Float>,
        weights: AlignedBuffer<Float>? = nil, squaredNorms: AlignedBuffer<Float>
    ) {
        self.order = order
        self.features = features
        self.shift = shift
        self.labels = labels
        self.weights = weights
        self.squaredNorms = squaredNorms
    }
}

/// This rank's part of an interval of the global order: at most two ranges of local rows (two where it wraps round N).
public struct Batch: Sendable {
    public let dataset: Dataset
    /// Local rows, contiguous in memory.
    public let first: Range<Int>
    /// The part after the wrap; empty for most batches.
    public let second: Range<Int>
    /// Which of the endless random variants of its rows a batch holds (augmentation, dropout): what is random about a row
    /// is a function of `dataset.seed`, `draw` and the row's global position, at any number of ranks.
    public let draw: UInt64

    public init(dataset: Dataset, first: Range<Int>, second: Range<Int> = 0..<0, draw: UInt64 = 0) {
        self.dataset = dataset
        self.first = first
        self.second = second
        self.draw = draw
    }

    /// This rank's number of samples; 0 is a valid batch.
    public var count: Int { first.count + second.count }
}

extension Dataset {
    /// The batch of global positions start, start + 1, … start + count − 1 (mod N). 0 ≤ start < N, count ≤ N.
    public func batch(start: Int, count: Int, draw: UInt64 = 0) -> Batch {
        let end = start + count
        return Batch(
            dataset: self,
            first: order.localRange(start..<min(end, order.count)),
            second: end > order.count ? order.localRange(0..<(end - order.count)) : 0..<0,
            draw: draw)
    }

    /// All rows of this rank.
    public var all: Batch { Batch(dataset: self, first: 0..<order.localCount) }
}
