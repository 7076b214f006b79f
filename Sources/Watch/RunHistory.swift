import BigBatch
import Datasets

/// The iterations of a run for plots: all of them while they are few, later some at equal distances.
public struct RunHistory: Sendable {
    /// A point stands for the iterations since the one before: the loss is their mean.
    public struct Point: Sendable {
        public var record: IterationRecord
        public var meanLoss: Double
    }

    public private(set) var points: [Point] = []
    private let capacity: Int
    /// Lines that make a point.
    private var stride = 1
    private var waiting = 0
    private var sumOfLosses = 0.0

    package init(capacity: Int = 4096) { self.capacity = max(2, capacity) }

    package mutating func add(_ record: IterationRecord) {
        waiting += 1
        sumOfLosses += record.loss
        guard waiting >= stride else { return }
        points.append(Point(record: record, meanLoss: sumOfLosses / Double(waiting)))
        waiting = 0
        sumOfLosses = 0
        if points.count >= capacity { halve() }
    }

    private mutating func halve() {
        points = Swift.stride(from: 1, to: points.count, by: 2).map { index in
            var point = points[index]
            point.meanLoss = (points[index - 1].meanLoss + point.meanLoss) / 2
            return point
        }
        stride *= 2
    }

    /// `count` values at equal distances in training time, from the first iteration to the last: the mean of the points
    /// that fall into a part, and between two of them what a straight line has.
    public func resampled(_ count: Int, _ value: (Point) -> Double) -> [Double?] {
        guard count > 0, let first = points.first?.record.seconds, let last = points.last?.record.seconds else {
            return []
        }
        var sums = [Double](repeating: 0, count: count)
        var counts = [Double](repeating: 0, count: count)
        for point in points {
            let value = value(point)
            guard value.isFinite, point.record.seconds.isFinite else { continue }
            let share = last > first ? (point.record.seconds - first) / (last - first) : 1
            let place = min(count - 1, max(0, Int(saturating: (share * Double(count)).rounded(.down))))
            sums[place] += value
            counts[place] += 1
        }
        var values = (0..<count).map { counts[$0] > 0 ? sums[$0] / counts[$0] : nil }
        var before: Int?
        for place in values.indices {
            guard let value = values[place] else { continue }
            if let before, place - before > 1, let start = values[before] {
                for between in before + 1..<place {
                    let share = Double(between - before) / Double(place - before)
                    values[between] = start + share * (value - start)
                }
            }
            before = place
        }
        return values
    }

    /// The last point at least `seconds` before the last one, or the first.
    package func point(before seconds: Double) -> Point? {
        guard let last = points.last else { return nil }
        return points.last { $0.record.seconds <= last.record.seconds - seconds } ?? points.first
    }
}
