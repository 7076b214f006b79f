import FoundationEssentials

/// What a rule remembers, in a snapshot. Which rule that is the decoder does not know: numbers are kept as text until the rule
/// asks, long arrays as the other tensors of the snapshot.
struct KeptState: Codable {
    private enum Content {
        case state(any Codable, name: String)
        case text(String, SnapshotTensors?)
    }

    private let content: Content
    private static let words = ["step": "step rule", "fullStep": "step rule for all rows"]

    /// - Parameter name: first part of the names of its arrays.
    init(_ state: some Codable, name: String) { content = .state(state, name: name) }

    init(from decoder: any Decoder) throws {
        content = .text(
            try decoder.singleValueContainer().decode(String.self),
            decoder.userInfo[SnapshotTensors.key] as? SnapshotTensors)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch content {
        case .text(let text, _): try container.encode(text)
        case .state(let state, let name):
            let own = SnapshotCoding.encoder(encoder.userInfo[SnapshotTensors.key] as? SnapshotTensors)
            func encoded<State: Codable>(_ state: State) throws -> Data { try own.encode([name: state]) }
            try container.encode(String(decoding: encoded(state), as: UTF8.self))
        }
    }

    /// - Throws: `SnapshotMismatch`.
    func state<State: Codable>(_ type: State.Type, name: String) throws -> State {
        let found: State?
        switch content {
        case .state(let state, _): found = state as? State
        case .text(let text, let tensors):
            let decoder = SnapshotCoding.decoder(tensors)
            found = (try? decoder.decode([String: State].self, from: Data(text.utf8)))?[name]
        }
        guard let found else {
            throw SnapshotMismatch(description: "the snapshot is of another \(Self.words[name] ?? name)")
        }
        return found
    }
}
