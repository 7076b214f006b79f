import Platform

/// Seconds between two checkpoints.
package enum SnapshotInterval: Equatable {
    /// A hundred times as long as the last one took to write, within limits.
    case adaptive
    case fixed(Double)
    /// Only where the run stops.
    case never

    package func seconds(after cost: Double) -> Double {
        switch self {
        case .adaptive: min(max(100 * cost, 5), 600)
        case .fixed(let seconds): seconds
        case .never: .infinity
        }
    }
}
