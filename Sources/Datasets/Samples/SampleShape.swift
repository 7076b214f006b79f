/// What one row of features means: `channels` planes of `height` × `width` values, one plane after the other, each plane
/// row by row. A table's row is n × 1 × 1.
public struct SampleShape: Sendable, Codable, Equatable {
    private enum CodingKeys: String, CodingKey { case channels, height, width }

    public var channels: Int
    public var height: Int
    public var width: Int

    public init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// n × 1 × 1: a row of a table.
    public static func features(_ count: Int) -> SampleShape { SampleShape(channels: count, height: 1, width: 1) }

    /// Values per row.
    public var count: Int { channels * height * width }

    /// Whether rows can have it: no extent below 1, and no more values than columns have numbers (2³¹ − 1).
    var isPossible: Bool {
        guard channels > 0, height > 0, width > 0, let count = CheckedCount.product([channels, height, width]) else {
            return false
        }
        return count <= Int(Int32.max)
    }

    /// Whether rows have two dimensions.
    public var isImage: Bool { height > 1 && width > 1 }
}

extension SampleShape: CustomStringConvertible {
    /// "1x28x28": channels, height, width.
    public var description: String { "\(channels)x\(height)x\(width)" }

    /// "1x28x28", or "28x28" for one channel; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard parts.count == 2 || parts.count == 3 else { return nil }
        self.init(
            channels: parts.count == 3 ? parts[0] : 1, height: parts[parts.count - 2], width: parts[parts.count - 1])
        guard isPossible else { return nil }
    }
}

extension SampleShape {
    /// Throws `DecodingError` for a shape that rows cannot have.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            channels: try container.decode(Int.self, forKey: .channels),
            height: try container.decode(Int.self, forKey: .height),
            width: try container.decode(Int.self, forKey: .width))
        guard isPossible else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "rows cannot have the shape \(self)"))
        }
    }
}
