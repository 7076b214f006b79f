import Platform

/// How far the fit is off at a number of ranks that was measured.
package struct Misfit: Equatable, Sendable {
    package var ranks: Int
    /// By the fit, and the median of the runs.
    package var fitted: Double
    package var measured: Double

    /// |fitted / measured − 1|.
    package var share: Double { measured > 0 ? abs(fitted / measured - 1) : .infinity }
    package var logarithm: Double { log(max(fitted, 1e-9) / max(measured, 1e-9)) }

    /// At each number of ranks of the runs, ascending.
    package static func all(_ model: ScalingModel, _ runs: [PilotRun]) -> [Misfit] {
        Dictionary(grouping: runs, by: \.ranks).sorted { $0.key < $1.key }.compactMap { count, runs in
            Statistics.median(runs.map(\.workSeconds)).map {
                Misfit(ranks: count, fitted: model.total(count), measured: $0)
            }
        }
    }
}

/// A fit that does not hold where it was measured, and so tells nothing elsewhere.
package struct MisfitError: Error, Equatable, CustomStringConvertible {
    /// The largest relative error of a fit that is used.
    package static let largest = 0.25

    package let method: PilotMethod
    package let misfit: Misfit
    /// Ranks that were asked after; nil: none in particular.
    package let asked: [Int]?

    package init(method: PilotMethod, misfit: Misfit, asked: [Int]?) {
        self.method = method
        self.misfit = misfit
        self.asked = asked
    }

    package var description: String {
        let most = asked?.max().map { "\($0)" } ?? "RANKS"
        let list = asked.map { " --ranks " + $0.map(String.init).joined(separator: ",") } ?? ""
        return
            "No forecast for \(method.rawValue): where it was measured, the fit is \(NumberFormat.percent(misfit.share)) off "
            + "(\(misfit.ranks) rank\(misfit.ranks == 1 ? "" : "s"): \(NumberFormat.duration(misfit.fitted)) by the fit, "
            + "\(NumberFormat.duration(misfit.measured)) measured); up to \(NumberFormat.percent(Self.largest)) is used. "
            + "Measure the ranks in question instead: mpirun -n \(most) crescendo pilot DATA\(list)"
    }
}
