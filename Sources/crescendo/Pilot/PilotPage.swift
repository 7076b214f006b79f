import Telemetry

/// `pilot.html`.
struct PilotPage {
    let file: PilotFile

    var html: String {
        "<pre>" + PilotText(file: file).text.replacing("&", with: "&amp;").replacing("<", with: "&lt;") + "</pre>\n"
    }
}

/// The page of `plan --html`.
struct PlanPage {
    let forecast: Forecast
    let file: PilotFile

    var html: String { "<pre>" + PlanText(forecast: forecast).text + "</pre>\n" }
}
