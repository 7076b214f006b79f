/// Two numbers for every element of the gradients so far, and the norm of the steps made of them.
public struct Moments: Codable {
    @Stored private var first: [Float]
    @Stored private var second: [Float]
    /// Steps since the start or the last `reset`.
    private(set) var steps = 0
    let norm: LearnedNorm

    init(count: Int) {
        first = [Float](repeating: 0, count: count)
        second = [Float](repeating: 0, count: count)
        norm = LearnedNorm(count: count)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        _first = try container.decode(Stored<[Float]>.self, forKey: .first)
        _second = try container.decode(Stored<[Float]>.self, forKey: .second)
        steps = try container.decode(Int.self, forKey: .steps)
        norm = try container.decode(LearnedNorm.self, forKey: .norm)
        guard first.count == second.count, second.count == norm.diagonal.count, steps >= 0 else {
            throw SnapshotMismatch(description: "the moments of the snapshot have different lengths")
        }
    }

    private enum CodingKeys: String, CodingKey { case first, second, steps, norm }

    mutating func reset() {
        for j in first.indices { (first[j], second[j]) = (0, 0) }
        steps = 0
        norm.reset()
    }

    /// What a step is made of, an element for every parameter.
    struct Elements {
        let gradient: UnsafeBufferPointer<Float>
        let direction: UnsafeMutableBufferPointer<Float>
        let first: UnsafeMutableBufferPointer<Float>
        let second: UnsafeMutableBufferPointer<Float>
        /// P.
        let norm: UnsafeMutableBufferPointer<Float>
    }

    mutating func step(_ gradient: [Float], _ d: inout [Float], _ body: (Elements) -> Void) {
        steps += 1
        gradient.withUnsafeBufferPointer { g in
            d.withUnsafeMutableBufferPointer { d in
                _first.wrappedValue.withUnsafeMutableBufferPointer { first in
                    _second.wrappedValue.withUnsafeMutableBufferPointer { second in
                        norm.learn { norm in
                            body(Elements(gradient: g, direction: d, first: first, second: second, norm: norm))
                        }
                    }
                }
            }
        }
    }
}
