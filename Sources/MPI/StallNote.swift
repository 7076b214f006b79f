import Platform

/// What a rank that has stood still for long says of itself, in a file that the other ranks can read.
struct StallNote: Equatable {
    var rank: Int
    var host: String
    /// In a call of MPI; otherwise at work outside.
    var isWaiting: Bool
    /// The call it is in, or the one it made last.
    var call: String
    /// Seconds since 1970 at which it went in, or came out.
    var since: Int

    /// One line, tabs between the fields.
    var line: String { "\(rank)\t\(host)\t\(isWaiting ? "waiting" : "busy")\t\(call)\t\(since)\n" }

    init(rank: Int, host: String, isWaiting: Bool, call: String, since: Int) {
        self.rank = rank
        self.host = host
        self.isWaiting = isWaiting
        self.call = call
        self.since = since
    }

    init?(line: String) {
        let fields = line.split(separator: "\n", omittingEmptySubsequences: false)[0]
            .split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 5, let rank = Int(fields[0]), let since = Int(fields[4]) else { return nil }
        self.init(
            rank: rank, host: String(fields[1]), isWaiting: fields[2] == "waiting", call: String(fields[3]),
            since: since)
    }

    /// Who is waited for, by the notes that there are: ranks at work, and ranks that have left none.
    ///
    /// - Parameter hosts: the host of every rank.
    static func report(_ notes: [StallNote], hosts: [String]) -> String {
        let waiting = notes.filter(\.isWaiting).sorted { $0.rank < $1.rank }
        let busy = notes.filter { !$0.isWaiting }.sorted { $0.rank < $1.rank }
        let known = Set(notes.map(\.rank))
        let silent = hosts.indices.filter { !known.contains($0) }
        guard let first = waiting.min(by: { $0.since < $1.since }) else { return "no rank waits" }
        let who = waiting.count == 1 ? "rank \(first.rank) waits" : "\(waiting.count) of \(hosts.count) ranks wait"
        var parts: [String] = []
        if !silent.isEmpty {
            let names = list(silent) { "rank \($0) on \(hosts[$0])" }
            parts.append("\(names), which \(silent.count == 1 ? "gives" : "give") no sign (dead, stopped or cut off)")
        }
        if !busy.isEmpty {
            parts.append(
                list(busy) {
                    "rank \($0.rank) on \($0.host), at work outside MPI since \(clock($0.since)) after \($0.call)"
                })
        }
        if parts.isEmpty {
            // Nobody works and all are there: they are in different calls.
            let calls = Dictionary(grouping: waiting, by: \.call).sorted { $0.value[0].rank < $1.value[0].rank }
            return "all ranks wait for each other: "
                + calls.map { call, notes in "\(list(notes) { "rank \($0.rank)" }) in \(call)" }.joined(separator: "; ")
        }
        return "\(who) since \(clock(first.since)) in \(first.call) for " + parts.joined(separator: "; and for ")
    }

    private static func list<Element>(_ elements: [Element], _ text: (Element) -> String) -> String {
        let shown = elements.prefix(8).map(text).joined(separator: ", ")
        return elements.count > 8 ? "\(shown) and \(elements.count - 8) more" : shown
    }

    /// Hours, minutes and seconds, UTC: hosts may have different local times.
    private static func clock(_ seconds: Int) -> String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60)) UTC"
    }
}

/// The folder in which ranks leave their notes.
struct StallNoteFolder: Sendable {
    let path: String

    private func file(_ rank: Int) -> String { "\(path)/rank-\(rank)" }

    func write(_ note: StallNote) {
        mkdir(path, 0o777)
        guard let writer = try? AtomicFileWriter(path: file(note.rank)) else { return }
        try? writer.write(Array(note.line.utf8))
        try? writer.commit(lasting: .nothing)
    }

    func remove(_ rank: Int) {
        unlink(file(rank))
        rmdir(path)
    }

    func read(_ rank: Int) -> StallNote? {
        (try? WholeFile.text(of: file(rank), limit: 4096)).flatMap { StallNote(line: $0) }
    }

    func removeAll(size: Int) {
        guard access(path, F_OK) == 0 else { return }
        for rank in 0..<size { unlink(file(rank)) }
        rmdir(path)
    }
}
