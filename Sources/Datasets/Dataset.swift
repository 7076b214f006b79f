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
    /// One per row, scaled so that the mean over all N rows is 1 (rows in the order of the files: to between 1/2 and 2, by a
    /// power of two); nil means 1 for every row.
    public let weights: AlignedBuffer<Float>?
    /// ‖x_i‖² of the true (standardised, centred) row, without the intercept.
    public var squaredNorms: AlignedBuffer<Float>
    /// What the intercept's constant feature adds to ‖x_i‖²: 1, or its share in another norm (see
    /// `BigBatch.Preconditioner`).
    public var interceptSquaredNorm: Float = 1
    /// Mean of x_j² over all N true rows, where the loader knows it; the same on every rank.
    public var columnSquares: [Double]?
    /// max_i |x_ij| of what is stored of every column, over all N rows, where the loader knows it; the same on every rank.
    public var columnMaxima: [Float]?
    /// Which rows of the files these are, where that is known.
    public var origins: RowOrigins?
    /// What a row means to a network: an image, say. Nil: a row of a table. `sampleShape.count` is `features.columns`.
    public var sampleShape: SampleShape?
    /// Decides, with `Batch.draw` and a row's global position, what is random about that row.
    public var seed: UInt64 = 0
    /// How a network sees training rows, each draw anew; nil: as they are. Needs dense rows and a `sampleShape`.
    public var augmentation: Augmentation?

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

/// This rank's part of a batch: ranges of local rows. An interval of the fixed order has at most two (two where it wraps
/// round N); one of a cycle's own order (`CycleOrder`) has as many as it has runs of neighbours.
public struct Batch: Sendable {
    public let dataset: Dataset
    /// Local rows, contiguous in memory.
    public let first: Range<Int>
    /// The part after the wrap; empty for most batches.
    public let second: Range<Int>
    /// Further ranges; empty in the fixed order.
    public let others: [Range<Int>]
    /// Which of the endless random variants of its rows a batch holds (augmentation, dropout): what is random about a row
    /// is a function of `dataset.seed`, `draw` and the row's global position, at any number of ranks.
    public let draw: UInt64
    /// The grids on which a model's sums over the batch are exact; none by default.
    public var grids = SumGrids.none

    public init(dataset: Dataset, first: Range<Int>, second: Range<Int> = 0..<0, draw: UInt64 = 0) {
        self.dataset = dataset
        self.first = first
        self.second = second
        others = []
        self.draw = draw
    }

    /// - Parameter ranges: disjoint ranges of local rows, in any order.
    public init(dataset: Dataset, ranges: [Range<Int>], draw: UInt64 = 0) {
        self.dataset = dataset
        var merged: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, last.upperBound == range.lowerBound {
                merged[merged.count - 1] = last.lowerBound..<range.upperBound
            } else if !range.isEmpty {
                merged.append(range)
            }
        }
        first = merged.first ?? 0..<0
        second = merged.count > 1 ? merged[1] : 0..<0
        others = Array(merged.dropFirst(2))
        self.draw = draw
    }

    /// The same rows of another data set over the same order.
    public init(_ other: Batch, of dataset: Dataset) {
        self.dataset = dataset
        first = other.first
        second = other.second
        others = other.others
        draw = other.draw
        grids = other.grids
    }

    /// This rank's number of samples; 0 is a valid batch.
    public var count: Int {
        others.isEmpty ? first.count + second.count : others.reduce(first.count + second.count) { $0 + $1.count }
    }

    /// Number of ranges, some of which may be empty; the samples of a batch are counted through them in this order.
    public var rangeCount: Int { 2 + others.count }

    /// The local rows, range after range.
    public var rows: some Sequence<Int> { (0..<rangeCount).lazy.flatMap { range($0) } }

    public func range(_ index: Int) -> Range<Int> {
        switch index {
        case 0: first
        case 1: second
        default: others[index - 2]
        }
    }
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
