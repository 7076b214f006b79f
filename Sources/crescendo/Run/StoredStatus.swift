import Platform
import Telemetry

/// What a run says of itself in `status.json`.
struct StoredStatus: Equatable {
    var state: String
    var reason: String
    /// Counts the starts of the run in its folder.
    var attempt: Int
    var iteration: Int

    init(state: String, reason: String = "", attempt: Int, iteration: Int) {
        self.state = state
        self.reason = reason
        self.attempt = attempt
        self.iteration = iteration
    }

    /// nil where there is none, or none that can be read.
    init?(folder: String) {
        guard let text = try? ConfigurationFile.text(of: folder + "/status.json"),
            let json = try? JSON(text: text), let state = json["state"]?.string
        else { return nil }
        func number(_ key: String) -> Int { max(0, json[key]?.integer ?? 0) }
        self.init(
            state: state, reason: json["reason"]?.string ?? "", attempt: number("attempt"),
            iteration: number("iteration"))
    }
}
