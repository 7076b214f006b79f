@testable import Datasets

/// Changes of cache files, whose checksums are made right afterwards.
enum CacheChange {
    static func apply(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        guard bytes.count >= 4096 + 64, var parts = Parts(bytes) else {
            return ByteChange.apply(bytes, limit: 1 << 16, &random)
        }
        switch random.next(9) {
        case 0:
            // Counts and the start of the rows.
            var changed = ByteChange.setting(bytes, at: 16 + 8 * random.next(4), width: 8, isBig: false, &random)
            repair(&changed)
            return changed
        case 1...4: parts.json = JSONChange.apply(parts.json, &random)
        case 5, 6:
            guard !parts.numbers.isEmpty else { break }
            let place = random.next(parts.numbers.count)
            if random.next(4) == 0 {
                parts.numbers.remove(at: place)
            } else {
                parts.numbers[place] = random.pick([0, -1, 0.5, 3, 1e300, 1e19, 5e-324, .infinity, .nan])
            }
        default: parts.rows = ByteChange.settingNumber(parts.rows, &random)
        }
        return parts.bytes
    }

    /// The checksums of front and head; where the head says what cannot be, as they are.
    private static func repair(_ bytes: inout [UInt8]) {
        let start = word(bytes, 40)
        if start >= 64, start <= UInt64(bytes.count), start % 8 == 0 {
            set(&bytes, 48, bytes[64..<Int(start)].withUnsafeBytes { Checksum.of($0) })
        }
        set(&bytes, 56, bytes[..<56].withUnsafeBytes { Checksum.of($0) })
    }

    private static func word(_ bytes: [UInt8], _ place: Int) -> UInt64 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt64.self) }
    }

    private static func set(_ bytes: inout [UInt8], _ place: Int, _ word: UInt64) {
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: word, toByteOffset: place, as: UInt64.self) }
    }

    /// A file that says how long its parts are.
    private struct Parts {
        var json: [UInt8]
        var numbers: [Double]
        var pieces: Int
        var rows: [UInt8]

        init?(_ bytes: [UInt8]) {
            let counts = (0..<4).map { word(bytes, 16 + 8 * $0) }
            guard counts.allSatisfy({ $0 <= UInt64(bytes.count) }) else { return nil }
            let (length, numbers, pieces, start) = (Int(counts[0]), Int(counts[1]), Int(counts[2]), Int(counts[3]))
            guard 64 + length + 8 * (numbers + pieces) <= start, start <= bytes.count else { return nil }
            json = Array(bytes[64..<64 + length])
            self.numbers = (0..<numbers).map { Double(bitPattern: word(bytes, 64 + length + 8 * $0)) }
            self.pieces = pieces
            rows = Array(bytes[start...])
        }

        /// Sections of small files are one piece each; where there are several, all bytes are shared out among them.
        var bytes: [UInt8] {
            var json = json
            while json.last == 0x20 { json.removeLast() }
            json += [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8)
            let size = pieces == 0 ? 0 : rows.count / pieces / 8 * 8
            let sums = (0..<pieces).map { piece in
                rows[piece * size..<(piece + 1) * size].withUnsafeBytes { Checksum.of($0) }
            }
            return CacheHeader.bytes(json: json, numbers: numbers, checksums: sums) + rows
        }
    }
}
