/// A line of `events.jsonl`: something that happened to a run and that its metrics do not show.
public struct RunEvent: Sendable {
    /// "checkpoint", "restart", "straggler", …
    public var kind: String
    /// The iteration after which it happened.
    public var iteration: Int?
    /// Since the start of training, over all attempts.
    public var seconds: Double?
    /// Counts the starts of the run, from 1.
    public var attempt: Int?
    /// The whole line.
    public var json: JSON

    /// nil: no JSON object, or no event in it.
    init?(bytes: UnsafeBufferPointer<UInt8>) {
        guard let json = try? JSON(bytes: bytes), let kind = json["event"]?.string else { return nil }
        self.kind = kind
        self.json = json
        iteration = json["iteration"]?.integer
        seconds = json["seconds"]?.double
        attempt = json["attempt"]?.integer
    }
}

extension JSON {
    public var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var array: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }

    public var members: [(key: String, value: JSON)]? {
        if case .object(let members) = self { members } else { nil }
    }
}
