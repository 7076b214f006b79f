import BigBatch
import Platform

/// An event file for TensorBoard: `tensorboard --logdir runs` shows all runs below `runs` side by side, also while they
/// train.
///
/// The first thousand iterations have a point each. Later there are about twenty points a second: TensorBoard itself draws
/// no more than a thousand of a curve.
public final class TensorBoardSink: RunSink {
    public let name = "the files for TensorBoard"
    private let folder: String
    private let configuration: String?
    private let after: Int?
    private var file: GrowingFile?
    private var before = IterationRecord()
    private var seen = 0
    /// Tags whose description is in the file.
    private var described: Set<String> = []
    private let pointsForAll = 1000
    private let pointsADelivery = 10

    /// - Parameters:
    ///   - folder: made when it is missing. Files of earlier attempts at the run stay.
    ///   - configuration: text that is shown as it is.
    ///   - after: the iteration after which another attempt at the run goes on, 0 for its beginning; nil: the first attempt.
    public init(folder: String, configuration: String? = nil, after: Int? = nil) {
        self.folder = folder
        self.configuration = configuration
        self.after = after
    }

    public func receive(_ news: RunNews) throws {
        var records = TFRecords()
        let file = try self.file ?? open(&records)
        let lines = chosen(news.iterations)
        // What the time before the break went into is not known here.
        if let after, after > 0, before.iteration == 0, let first = lines.first { before = first.record }
        for line in lines { records.append(event(of: line.record, epoch: news.epoch)) }
        for event in news.events {
            if let ranks = RankShares(event) { records.append(histograms(of: ranks, event, epoch: news.epoch)) }
        }
        if !records.bytes.isEmpty { try file.append(records.bytes, ends: records.ends) }
    }

    public func finish(_ result: TrainingResult?) { file?.finish() }

    /// The file begins with what earlier files of the folder no longer hold, whether there are iterations already or not.
    private func open(_ records: inout TFRecords) throws -> GrowingFile {
        guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
            throw FileWriteError(path: folder, reason: String(cString: strerror(errno)))
        }
        let now = unixSeconds()
        // The name that TensorFlow's writers give: readers take files in this order, so none may come before an earlier
        // attempt's, of the same second or of a host whose clock is ahead.
        let second = max(Int(now), (newestSecond ?? 0) + 1)
        let file = GrowingFile(path: "\(folder)/\(Self.prefix)\(second).\(hostName()).\(getpid()).0")
        self.file = file
        records.append(SummaryEvent.version(wallTime: now))
        // Forgotten is what lies from here on, the configuration included. The first attempt says it too: readers take the
        // first start that they see for no restart.
        let step = after.map { $0 == 0 ? 0 : $0 + 1 } ?? 0
        records.append(SummaryEvent.start(wallTime: now, step: step))
        if let configuration {
            var event = SummaryEvent(wallTime: now, step: step)
            let block = configuration.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
            event.add("configuration", text: block.joined(separator: "\n"), description: "The options of the run.")
            records.append(event.bytes)
        }
        return file
    }

    private static let prefix = "events.out.tfevents."

    /// Of the names of the files that are there.
    private var newestSecond: Int? {
        guard let directory = opendir(folder) else { return nil }
        defer { closedir(directory) }
        var newest: Int?
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(Self.prefix) else { continue }
            // Ten digits, as long as seconds have them: a stray name must not push ours out of order.
            let digits = name.dropFirst(Self.prefix.count).prefix { $0 != "." }
            if digits.count == 10, let second = Int(digits), second < 9_999_999_999 {
                newest = max(newest ?? 0, second)
            }
        }
        return newest
    }

    /// The lines to draw: of many, some at equal distances with the last among them, and those with a validation loss.
    private func chosen(_ lines: [MetricsLine]) -> [MetricsLine] {
        var left = lines.count
        let step = max(1, (lines.count + pointsADelivery - 1) / pointsADelivery)
        return lines.filter { line in
            left -= 1
            seen += 1
            return seen <= pointsForAll || left % step == 0 || line.record.validationLoss != nil
        }
    }

    private func event(of record: IterationRecord, epoch: Double) -> [UInt8] {
        var event = SummaryEvent(wallTime: epoch + record.seconds, step: record.iteration)
        for scalar in ScalarTable.scalars {
            guard let value = scalar.value(record, before), value.isFinite else { continue }
            let isFirst = described.insert(scalar.tag).inserted
            event.add(scalar.tag, scalar: value, description: isFirst ? scalar.description : nil)
        }
        before = record
        return event.bytes
    }
}

extension TensorBoardSink {
    /// How the ranks' shares are spread: one count a rank.
    private func histograms(of ranks: RankShares, _ event: RunEvent, epoch: Double) -> [UInt8] {
        var summary = SummaryEvent(
            wallTime: event.seconds.map { epoch + $0 } ?? unixSeconds(), step: event.iteration ?? 0)
        let all = [
            ("ranks/computing", ranks.computing, "Share of the time that a rank computed, for all ranks."),
            ("ranks/waiting", ranks.waiting, "Share of the time that a rank waited for others, for all ranks."),
            ("ranks/samples", ranks.samples, "Gradients that a rank evaluated, 1 being an equal share, for all ranks."),
        ]
        for (tag, values, description) in all {
            guard let histogram = HistogramOfValues(values, weight: Double(ranks.count) / Double(values.count)) else {
                continue
            }
            let isFirst = described.insert(tag).inserted
            summary.add(tag, histogram: histogram, description: isFirst ? description : nil)
        }
        return summary.bytes
    }
}
