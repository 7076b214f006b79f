import Platform
import Telemetry

/// What a run says of itself in `status.json`.
package struct StoredStatus: Equatable {
    package var state: String
    package var reason: String
    /// Counts the starts of the run in its folder.
    package var attempt: Int
    package var iteration: Int

    package init(state: String, reason: String = "", attempt: Int, iteration: Int) {
        self.state = state
        self.reason = reason
        self.attempt = attempt
        self.iteration = iteration
    }

    /// nil where there is none, or none that can be read.
    package init?(folder: String) {
        guard let text = try? WholeFile.text(of: folder + "/status.json"),
            let json = try? JSON(text: text), let state = json["state"]?.string
        else { return nil }
        func number(_ key: String) -> Int { max(0, json[key]?.integer ?? 0) }
        self.init(
            state: state, reason: json["reason"]?.string ?? "", attempt: number("attempt"),
            iteration: number("iteration"))
    }
}
