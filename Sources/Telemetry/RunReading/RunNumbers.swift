import Platform

/// Which numbers can stand in the files of a run. Others come from a damaged file, and none is shown or counted with.
package enum RunNumbers {
    /// Of what is counted: as whole numbers they are exact in every program that reads JSON.
    package static let counts = 0...1 << 53
    /// Of times: thirty thousand years.
    package static let seconds = 0.0...1e12

    /// Members of `status.json` and `result.json` that are counts, and such as are times.
    private static let countKeys: Set = [
        "allreduces", "attempt", "attempts", "communicatedBytes", "features", "iteration", "iterations", "nonFinite",
        "pid", "ranks", "rows", "threads",
    ]
    private static let timeKeys: Set = [
        "communicationSeconds", "computeSeconds", "loadSeconds", "seconds", "transferSeconds",
    ]

    /// What number of a document cannot be, in words; nil: all can.
    package static func fault(in document: JSON) -> String? {
        for (key, value) in document.members ?? [] where value != .null {
            if countKeys.contains(key) {
                guard let count = value.integer, counts.contains(count) else {
                    return "\(key) is \(value.text), which is no count"
                }
            } else if timeKeys.contains(key) {
                guard let time = value.double, seconds.contains(time) else {
                    return "\(key) is \(value.text), which is no time in seconds"
                }
            }
        }
        return nil
    }

    package static func isCount(_ number: Int?) -> Bool { number.map(counts.contains) ?? true }
    package static func isTime(_ number: Double?) -> Bool { number.map { $0.isNaN || seconds.contains($0) } ?? true }
}
