import BigBatch

/// `metrics.jsonl`: one object per iteration. What was written stays whole when the disk is full.
public final class MetricsFile: RunSink {
    public let name = "metrics"
    private let file: GrowingFile

    /// Creates or empties the file. One that cannot be opened throws at the first `receive`.
    public init(path: String) { file = GrowingFile(path: path) }

    public func receive(_ news: RunNews) throws {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        bytes.reserveCapacity(news.iterations.count * 400)
        for line in news.iterations {
            bytes += line.json.text.utf8
            bytes.append(UInt8(ascii: "\n"))
            ends.append(bytes.count)
        }
        try file.append(bytes, ends: ends)
    }

    public func finish(_ result: TrainingResult?) { file.finish() }
}
