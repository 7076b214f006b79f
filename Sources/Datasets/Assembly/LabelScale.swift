import Kernels
import MPI

/// What is done to labels that are values before they become Floats.
public enum LabelScaling: String, Codable, Sendable, CaseIterable {
    /// Nothing: counts, whose zero and unit mean something.
    case none
    /// Divided by their root mean square: a model without an intercept knows no other zero.
    case scaled
    /// Less their mean, divided by their standard deviation: what a Float then holds is the variation that is to be learned,
    /// however large the labels are, and a network need not learn their unit first.
    case centred
}

/// Labels as they are stored: y′ = (y − centre)/scale, in Double until it is rounded. Kept with the model, whose outputs
/// become centre + scale · output.
public struct LabelScale: Codable, Sendable, Equatable {
    public var centre: Double
    /// > 0.
    public var scale: Double

    public init(centre: Double = 0, scale: Double = 1) {
        self.centre = centre
        self.scale = scale
    }

    public static let none = LabelScale()

    /// Whether it is one: numbers, and a scale that can be divided by.
    public var isSound: Bool { centre.isFinite && scale.isFinite && scale > 0 }

    public func stored(_ label: Double) -> Double { (label - centre) / scale }

    public func value(_ stored: Double) -> Double { centre + scale * stored }

    /// Mean losses that are quadratic in the label are this many times as large in the units of the data.
    public var lossUnit: Double { scale * scale }
}

extension LabelScale {
    init(centre: Double, deviation: Double) {
        self.init(centre: centre, scale: deviation.isNormal && deviation < 1e150 ? deviation : 1)
    }

    /// From the distinct values, in their order, and how often each occurs.
    init(_ scaling: LabelScaling, values: [Double], counts: [Int]) {
        let total = Double(max(1, counts.reduce(0, +)))
        let unit = values.reduce(0) { max($0, abs($1)) }
        guard scaling != .none, unit > 0 else {
            self = .none
            return
        }
        var centre = 0.0
        if scaling == .centred {
            centre = unit * zip(values, counts).reduce(0) { $0 + $1.0 / unit * (Double($1.1) / total) }
        }
        let square = zip(values, counts).reduce(0.0) { sum, entry in
            let deviation = (entry.0 - centre) / unit
            return sum + deviation * deviation * (Double(entry.1) / total)
        }
        self.init(centre: centre, deviation: unit * square.squareRoot())
    }
}

extension Dataset {
    /// 1.4826 times the median distance of the labels from their median, which outliers do not move; for a normal
    /// distribution the standard deviation. Of the first 20,000 rows in the global order. Collective.
    public func robustLabelDeviation(_ communicator: any Communicator) throws -> Double {
        let rows = batch(start: 0, count: min(order.count, 20_000)).rows
        let all = try communicator.allgather(arrays: rows.map { labels[$0] }).flatMap { $0 }.map { Double($0) }
        func median(_ values: [Double]) -> Double {
            let sorted = values.sorted()
            guard let last = sorted.indices.last else { return 0 }
            return (sorted[last / 2] + sorted[(last + 1) / 2]) / 2
        }
        let middle = median(all)
        return 1.4826 * median(all.map { abs($0 - middle) })
    }
}
