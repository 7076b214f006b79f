import Platform

/// A set of short texts with counts: open addressing over one array of bytes, so that looking one up makes no String.
struct CategoryTable: Sendable {
    private var slots = [Int32](repeating: -1, count: 16)
    private var hashes: [UInt64] = []
    private var ends: [Int] = [0]
    private var bytes: [UInt8] = []
    private(set) var counts: [Int] = []

    init() {}

    init(_ texts: [String]) {
        for text in texts { add(text, 0) }
    }

    var count: Int { counts.count }

    subscript(index: Int) -> String { String(decoding: bytes[ends[index]..<ends[index + 1]], as: UTF8.self) }

    var texts: [String] { (0..<count).map { self[$0] } }

    /// The place of `text` in order of arrival, or nil.
    func index(of text: UnsafeBufferPointer<UInt8>) -> Int? {
        let found = slots[slot(text, CategoryTable.hash(text))]
        return found < 0 ? nil : Int(found)
    }

    /// Counts `text` `times` more; true when it is new.
    @discardableResult
    mutating func add(_ text: UnsafeBufferPointer<UInt8>, _ times: Int = 1) -> Bool {
        let hash = CategoryTable.hash(text)
        let slot = slot(text, hash)
        if slots[slot] >= 0 {
            counts[Int(slots[slot])] += times
            return false
        }
        slots[slot] = Int32(count)
        hashes.append(hash)
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        counts.append(times)
        if 2 * count > slots.count { rehash() }
        return true
    }

    mutating func add(_ text: String, _ times: Int) {
        var text = text
        _ = text.withUTF8 { add($0, times) }
    }

    private func slot(_ text: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if hashes[index] == hash, holds(text, at: index) { break }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private func holds(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        let start = ends[index]
        guard ends[index + 1] - start == text.count else { return false }
        guard let wanted = text.baseAddress else { return true }
        return bytes.withUnsafeBufferPointer { own in
            own.baseAddress.map { memcmp($0 + start, wanted, text.count) == 0 } ?? false
        }
    }

    private mutating func rehash() {
        slots = [Int32](repeating: -1, count: 2 * slots.count)
        let mask = slots.count - 1
        for (index, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(index)
        }
    }

    /// FNV-1a with a last mix.
    private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash ^ hash >> 29
    }
}

/// Stored as the texts in the order of their bytes, with their counts: the same for the same content.
extension CategoryTable: Codable {
    private enum CodingKeys: String, CodingKey { case texts, counts }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let texts = try container.decode([String].self, forKey: .texts)
        for (text, times) in zip(texts, try container.decode([Int].self, forKey: .counts)) {
            add(text, times)
        }
    }

    func encode(to encoder: any Encoder) throws {
        let sorted = zip(texts, counts).sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sorted.map(\.0), forKey: .texts)
        try container.encode(sorted.map(\.1), forKey: .counts)
    }
}
