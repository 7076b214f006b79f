import BigBatch

/// The words for a stop reason as `result.json` stores it.
package enum StopReasonText {
    package static func explain(_ stored: String) -> String {
        StopReason(rawValue: stored).map { "\($0.rawValue): \($0.explanation)" } ?? stored
    }
}
