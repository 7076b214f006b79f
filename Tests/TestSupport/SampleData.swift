import Foundation

/// Small data that learns fast, the same in every run.
package struct SampleData {
    /// Options of a run that no rule ends for hours: short steps, and only rounding on all rows would end them.
    package static let endless = [
        "--step", "sgd", "--step-size", "1e-7", "--tolerance", "0", "--max-epochs", "1e9",
    ]

    private var state: UInt64

    package init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    /// Uniform in −1 ..< 1.
    package mutating func next() -> Double {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(state >> 11) * 0x1p-52 - 1
    }

    /// LIBSVM, labels −1 and +1 that a noisy plane divides.
    package static func binary(rows: Int = 200, features: Int = 5, seed: UInt64 = 1) -> String {
        var data = SampleData(seed: seed)
        return (0..<rows).map { _ in
            let x = (0..<features).map { _ in data.next() }
            let margin = x.enumerated().reduce(0.0) { $0 + $1.element * Double($1.offset + 1) } + 0.5 * data.next()
            return (margin > 0 ? "+1" : "-1") + entries(x)
        }.joined(separator: "\n") + "\n"
    }

    /// LIBSVM, classes 0, 1, 2 by sectors of the plane.
    package static func classes(rows: Int = 240, seed: UInt64 = 2) -> String {
        var data = SampleData(seed: seed)
        return (0..<rows).map { _ in
            let x = [data.next(), data.next(), data.next()]
            let scores = [x[0], x[1], -x[0] - x[1]]
            let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
            return "\(best)" + entries(x)
        }.joined(separator: "\n") + "\n"
    }

    /// LIBSVM, a linear value with noise; `count` makes it a count.
    package static func values(rows: Int = 200, count: Bool = false, seed: UInt64 = 3) -> String {
        var data = SampleData(seed: seed)
        return (0..<rows).map { _ in
            let x = (0..<4).map { _ in data.next() }
            let value = 3 * x[0] - 2 * x[1] + 0.5 * x[2] + 0.1 * data.next() + 10
            return (count ? "\(Int(exp(0.1 * value)))" : "\(value)") + entries(x)
        }.joined(separator: "\n") + "\n"
    }

    /// CSV: a label y of a kind, weights w, and columns of very different sizes, of few values, and mostly of zeros.
    package static func plain(_ kind: PlainLabel, rows: Int, seed: UInt64 = 6) -> String {
        var data = SampleData(seed: seed)
        let lines = (0..<rows).map { row -> String in
            let x = (0..<5).map { _ in data.next() }
            let rare = (0..<4).map { _ in data.next() > 0.8 ? data.next() : 0 }
            let isSet = data.next() > 0.3
            let score = x[0] - 2 * x[1] + 0.5 * x[2] + (isSet ? 1 : 0) + rare[0] - rare[1] + 0.7 * data.next()
            let label =
                switch kind {
                case .values: "\(10 + 3 * score)"
                case .binary: score > 0 ? "1" : "0"
                case .classes: "\(min(3, max(0, Int(score + 2))))"
                case .counts: "\(Int(exp(0.6 * score)))"
                }
            let weight = [1, 0.25, 3][row % 3]
            return "\(label),\(weight),\(x[0]),\(1000 * x[1]),\(0.001 * x[2] + 5),\(x[3]),\(x[4] * x[4] * x[4] * 50),"
                + "\(isSet ? 1 : 0)," + rare.map { "\($0)" }.joined(separator: ",")
        }
        return "y,w,a,b,c,d,e,f,g,h,i,j\n" + lines.joined(separator: "\n") + "\n"
    }

    package enum PlainLabel: String, CaseIterable { case values, binary, classes, counts }

    /// Images of 5 × 5: a bright row or a bright column, somewhere, over noise. A column w holds weights, where they are wanted.
    package static func images(rows: Int = 400, seed: UInt64 = 7, areWeighted: Bool = false) -> String {
        var random = SampleData(seed: seed)
        var text = ""
        for row in 0..<rows {
            let isRow = random.next() < 0
            let place = min(4, Int((random.next() + 1) * 2.5))
            let values = (0..<25).map { pixel in
                random.next() * 0.25 + ((isRow ? pixel / 5 : pixel % 5) == place ? 1 : 0)
            }
            let weight = areWeighted ? ",\(1 + Double(row % 3) / 2)" : ""
            text += (isRow ? "row" : "column") + "," + values.map { "\($0)" }.joined(separator: ",") + weight + "\n"
        }
        return "label," + (0..<25).map { "p\($0)" }.joined(separator: ",") + (areWeighted ? ",w" : "") + "\n" + text
    }

    /// LIBSVM with 300 features of which each row has three.
    package static func sparse(rows: Int = 300, seed: UInt64 = 4) -> String {
        var data = SampleData(seed: seed)
        return (0..<rows).map { _ in
            let columns = Set((0..<3).map { _ in Int((data.next() + 1) * 150) % 300 + 1 }).sorted()
            let sum = columns.reduce(0) { $0 + ($1 % 2 == 0 ? 1 : -1) }
            return (sum > 0 ? "1" : "0") + columns.map { " \($0):1" }.joined()
        }.joined(separator: "\n") + "\n"
    }

    /// CSV with an identifier, a text column, missing values, weights and text labels.
    package static func table(rows: Int = 150, seed: UInt64 = 5) -> String {
        var data = SampleData(seed: seed)
        let lines = (0..<rows).map { row in
            let age = 40 + 30 * data.next()
            let city = ["Paris", "\"Rome, old\"", "Oslo"][row % 3]
            let income = data.next() + (row % 3 == 1 ? 1 : 0)
            let label = age / 30 + income + 0.3 * data.next() > 1.6 ? "yes" : "no"
            return "r\(row),\(row % 10 == 3 ? "" : "\(age)"),\(city),\(income),\(1 + row % 2),\(label)"
        }
        return "key,age,city,income,importance,answer\n" + lines.joined(separator: "\n") + "\n"
    }

    private static func entries(_ x: [Double]) -> String {
        x.enumerated().map { " \($0.offset + 1):\(($0.element * 10000).rounded() / 10000)" }.joined()
    }
}
