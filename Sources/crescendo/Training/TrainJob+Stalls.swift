import MPI
import Platform
import Telemetry

extension TrainJob {
    /// Has ranks that wait for long say for whom, while training lasts. What rank 0 finds out stands among the run's
    /// events, too. Collective.
    func reportStalls(_ zero: RunStart.RankZero?, _ telemetry: RunTelemetry?) throws {
        // Launchers may start ranks in different folders: rank 0's path counts.
        let path = zero.map { absolutePath($0.folder.path) + "/stall" } ?? ""
        let folder = String(decoding: try world.broadcast(bytes: Array(path.utf8)), as: UTF8.self)
        let note = telemetry?.noting
        try world.reportStalls(in: folder) { text in
            complain("warning: \(text)")
            var event = RunEvent("stall", iteration: 0, seconds: 0, [("report", .string(text))])
            // Only the thread that trains knows them.
            (event.iteration, event.seconds) = (nil, nil)
            note?(event)
        }
    }
}
