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
    /// distribution the standard deviation. Collective.
    public func robustLabelDeviation(_ communicator: any Communicator) throws -> Double {
        let own = batch(start: 0, count: order.count).rows.map { labels[$0] }
        let middle = try Self.median(of: own, communicator)
        return 1.4826 * Double(try Self.median(of: own.map { abs($0 - middle) }, communicator))
    }

    /// Of the values of all ranks; between two in the middle their mean.
    private static func median(of own: [Float], _ communicator: any Communicator) throws -> Float {
        let keys = own.map { orderedBits($0) }
        let count = try communicator.allreduce([own.count], .sum)[0]
        guard count > 0 else { return 0 }
        let lower = try key((count - 1) / 2, of: keys, communicator)
        let upper = count % 2 == 1 ? lower : try key(count / 2, of: keys, communicator)
        return value(lower) / 2 + value(upper) / 2
    }

    /// The key at a place in their order, a byte after the other by how many have it: four reductions, whatever the rows.
    private static func key(_ place: Int, of own: [UInt32], _ communicator: any Communicator) throws -> UInt32 {
        var (found, left): (UInt32, Int) = (0, place)
        for byte in (0..<4 as Range<UInt32>).reversed() {
            let shift = 8 * byte
            var counts = [Int](repeating: 0, count: 256)
            for key in own where (key ^ found) >> shift <= 0xFF { counts[Int(key >> shift & 0xFF)] += 1 }
            counts = try communicator.allreduce(counts, .sum)
            var digit = 0
            while digit < 255, left >= counts[digit] {
                left -= counts[digit]
                digit += 1
            }
            found |= UInt32(digit) << shift
        }
        return found
    }

    /// Keys in the order of the values.
    private static func orderedBits(_ value: Float) -> UInt32 {
        let bits = value.bitPattern
        return bits >> 31 == 1 ? ~bits : bits | 0x8000_0000
    }

    private static func value(_ key: UInt32) -> Float {
        Float(bitPattern: key >> 31 == 1 ? key & 0x7FFF_FFFF : ~key)
    }
}
