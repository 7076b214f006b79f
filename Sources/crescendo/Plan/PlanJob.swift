import MPI
import Telemetry

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `crescendo plan`: predictions from a pilot. Rank 0 does it.
struct PlanJob {
    let command: PlanCommand
    let world: any Communicator

    func run() throws -> Int32 {
        try world.onRoot {
            if let html = command.html, !command.overwrite, FileCheck.exists(html) {
                throw PlanError(description: "--html \(html) exists; choose another name, or --overwrite to replace it")
            }
            let file = try PilotFile.read(command.pilot)
            if let most = command.ranks?.last, most > 10_000 {
                throw PlanError(description: "--ranks \(most): predictions go up to 10,000 ranks")
            }
            let forecast = try Forecast(
                file, method: command.method, ranks: command.ranks, ranksPerNode: command.ranksPerNode,
                price: command.price, latency: command.latency.map { $0 * 1e-6 },
                bytesPerSecond: command.bandwidth.map { $0 * 1e9 / 8 })
            guard !forecast.rows.isEmpty else {
                throw PlanError(description: forecast.notes.last ?? "nothing can be predicted")
            }
            if let html = command.html { try AtomicFile.write(PlanPage(forecast: forecast, file: file).html, to: html) }
            if command.json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys]
                StandardStream.output.write(String(decoding: try encoder.encode(forecast), as: UTF8.self) + "\n")
            } else {
                StandardStream.output.say(PlanText(forecast: forecast).text + "\n")
            }
        }
        return 0
    }
}

extension PilotFile {
    /// `path` is the file or its folder.
    static func read(_ path: String) throws -> PilotFile {
        let file = FileCheck.isFolder(path) ? path + "/pilot.json" : path
        return try PilotFile(text: try ConfigurationFile.text(of: file, limit: 1 << 30), path: file)
    }
}
