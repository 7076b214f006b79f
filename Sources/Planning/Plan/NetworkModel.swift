import Platform

/// The time of an allreduce by latency and bandwidth, within a node and between nodes.
///
/// An allreduce of b bytes over k ranks on each of n nodes takes its steps on both levels. Up to `shortest` bytes by
/// recursive doubling: s(m)·(a + g·b) on a level of m, with s(m) = ⌊log₂ m⌋, and one more where m is no power of two.
/// Beyond, halving and doubling (Rabenseifner): 2·s(m)·a + 2·(m − 1)/m·h·b. a is a latency, g and h are seconds a byte.
/// (Thakur, Rabenseifner & Gropp, Optimization of Collective Communication Operations in MPICH, 2005.)
package struct NetworkModel: Equatable, Sendable {
    /// Open MPI and MPICH change their ways at about this many bytes.
    package static let shortest = 10_000

    /// a, g, h within a node, then between nodes.
    package var coefficients: [Double]
    /// More than one node was measured, or the numbers were given.
    package var knowsNodes: Bool
    /// More than one rank on a node was measured.
    package var knowsRanksOnNode: Bool

    package static func features(ranksOnNode: Int, nodes: Int, bytes: Int) -> [Double] {
        level(ranksOnNode, bytes) + level(nodes, bytes)
    }

    private static func level(_ members: Int, _ bytes: Int) -> [Double] {
        guard members > 1 else { return [0, 0, 0] }
        let steps = Double(Self.steps(members))
        if bytes <= shortest { return [steps, steps * Double(bytes), 0] }
        return [2 * steps, 0, 2 * Double(members - 1) / Double(members) * Double(bytes)]
    }

    package static func steps(_ members: Int) -> Int {
        var steps = 0
        while 2 << steps <= members { steps += 1 }
        return steps + (members == 1 << steps ? 0 : 1)
    }

    package func seconds(ranksOnNode: Int, nodes: Int, bytes: Int) -> Double {
        zip(coefficients, Self.features(ranksOnNode: ranksOnNode, nodes: nodes, bytes: bytes)).reduce(0) {
            $0 + $1.0 * $1.1
        }
    }

    /// Relative errors count: short and long reductions matter alike.
    package init(_ measurements: [AllreduceMeasurement]) {
        let rows = measurements.filter { $0.seconds > 0 && $0.ranks > 1 }.map { measured in
            (
                x: Self.features(
                    ranksOnNode: (measured.ranks + measured.nodes - 1) / measured.nodes, nodes: measured.nodes,
                    bytes: measured.bytes), y: measured.seconds, weight: 1 / (measured.seconds * measured.seconds)
            )
        }
        coefficients = LeastSquares.nonNegative(rows, count: 6)
        knowsNodes = measurements.contains { $0.nodes > 1 }
        knowsRanksOnNode = measurements.contains { $0.ranks > $0.nodes }
    }

    /// Puts numbers in the place of what was not measured.
    /// - Parameters:
    ///   - latency: seconds of a message between nodes.
    ///   - bytesPerSecond: between nodes.
    package mutating func assume(latency: Double, bytesPerSecond: Double) {
        guard !knowsNodes else { return }
        coefficients.replaceSubrange(3..<6, with: [latency, 1 / bytesPerSecond, 1 / bytesPerSecond])
        knowsNodes = true
    }
}
