/// A unit in which numbers of some size read well.
package struct AxisUnit: Equatable {
    package var name: String
    /// What one of it is, in the numbers' own unit.
    package var size: Double

    /// For seconds up to `largest`.
    package static func time(_ largest: Double) -> AxisUnit {
        switch largest {
        case ..<1: AxisUnit(name: "milliseconds", size: 1e-3)
        case ..<180: AxisUnit(name: "seconds", size: 1)
        case ..<10_800: AxisUnit(name: "minutes", size: 60)
        default: AxisUnit(name: "hours", size: 3600)
        }
    }

    /// For bytes up to `largest`.
    package static func bytes(_ largest: Double) -> AxisUnit {
        for (size, name) in [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")] where largest >= 1.5 * size {
            return AxisUnit(name: name, size: size)
        }
        return AxisUnit(name: "bytes", size: 1)
    }

    package static let one = AxisUnit(name: "", size: 1)
}
