import MPI
import Pages
import Runs
import Watch

@testable import Telemetry
@testable import crescendo

/// A file of a run, the others as a run has left them: watched, shown, reported and gone on with.
struct RunFuzz {
    private let folder: FuzzFolder
    private let target: FuzzTarget

    init(_ folder: FuzzFolder, _ target: FuzzTarget) {
        self.folder = folder
        self.target = target
    }

    func read(_ bytes: [UInt8]) {
        for (name, text) in Self.others where name != target.file && !folder.holds(name) {
            folder.write(name, Array(text.utf8))
        }
        let path = folder.write(target.file, bytes)
        var choice = ContentChoice(bytes)
        var watched = WatchedRun(path: folder.path)
        let events = watched.refresh(now: 100, age: { 1 })
        var size = 0
        let style = [(true, 120, 50), (false, 60, 20), (true, 30, 5)][choice.next(3)]
        let lines = Dashboard.lines(watched, .init(unicode: style.0, columns: style.1, rows: style.2))
        size += lines.reduce(0) { $0 + $1.rendered(columns: style.1, colour: style.0).utf8.count }
        var text = WatchText()
        size += text.lines(watched, events: events, now: 0).count
        size += StoredStatus(folder: folder.path)?.reason.utf8.count ?? 0
        if let job = InfoFuzz.job(folder.path) { size += (try? job.lines().count) ?? 0 }
        // A page takes as long as all the rest ten times over.
        if choice.next(128) == 0 { size += (try? RunReport(folders: [folder.path]).html.utf8.count) ?? 0 }
        if target == .metrics {
            var record = watched.latest ?? .init()
            record.iteration = choice.next(6)
            size += (try? MetricsStart(path: path, after: record).record.iteration) ?? 0
        }
        TouchedNumbers.sum += Double(size)
    }

    private static let others = [
        (
            "metrics.jsonl",
            """
            {"iteration":1,"seconds":0.1,"gradientPasses":0.5,"featurePasses":0.5,"batchSize":50,"loss":0.7,"gradientNorm":1.5,\
            "signalToNoise":3,"stepSize":0.1,"trials":2,"allreduces":3,"communicatedBytes":100,\
            "computeSeconds":0.05,"communicationSeconds":0.02,"transferSeconds":0.01,"nonFinite":0}
            {"iteration":2,"seconds":0.3,"gradientPasses":1.5,"batchSize":100,"loss":0.5,"signalToNoise":null,"validationLoss":0.6}

            """
        ),
        (
            "events.jsonl",
            """
            {"event":"start","iteration":0,"seconds":0,"attempt":1,"ranks":2,"threads":1}
            {"event":"checkpoint","iteration":1,"seconds":0.2,"attempt":1,"bytes":1000,"stallSeconds":0.01,"writeSeconds":0.02}

            """
        ),
        (
            "status.json",
            #"{"state":"running","reason":"","attempt":1,"iteration":1,"seconds":0.2,"ranks":2,"threads":1}"#
        ),
        (
            "result.json",
            #"""
            {"stopReason":"gradientNorm","objective":0.5,"iterations":2,"gradientPasses":1.5,"seconds":0.3,"loadSeconds":0.1,
             "ranks":2,"threads":1,"model":"logistic","l2":0.01,"rows":100,"features":4,"version":"0.1.0",
             "train":{"rows":100,"loss":0.5,"accuracy":0.9}}
            """#
        ),
        ("config.yaml", "# options\ndata: [\"/d/a.svm\"]\nmodel: logistic\ntolerance: 0.001\npatience: 10\n"),
    ]
}

extension FuzzTarget {
    /// What a run calls the file.
    var file: String {
        switch self {
        case .metrics, .events: rawValue + ".jsonl"
        default: rawValue + ".json"
        }
    }
}
