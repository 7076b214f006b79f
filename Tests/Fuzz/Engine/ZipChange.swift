import CZlib

@testable import Datasets

/// Changes of zip archives: one of their numbers, or an array within, packed again as it should be.
enum ZipChange {
    static func apply(_ bytes: [UInt8], limit: Int, _ random: inout MutationRandom) -> [UInt8] {
        let places = numbers(bytes)
        guard !places.isEmpty else { return ByteChange.apply(bytes, limit: limit, &random) }
        if random.next(3) > 0 {
            let (place, width) = random.pick(places)
            return ByteChange.setting(bytes, at: place, width: width, isBig: false, &random)
        }
        guard var members = members(bytes), !members.isEmpty else { return bytes }
        let index = random.next(members.count)
        switch random.next(8) {
        case 0: members.remove(at: index)
        case 1: members.append(members[index])
        case 2:
            members[index].name = random.pick([
                "x.npy", "y.npy", "arr_0.npy", "x_train.npy", "a.txt", "", "data.npy", "format.npy", "shape.npy",
                "indptr.npy", "indices.npy", "row.npy", "col.npy",
            ])
        case 3, 4:
            // A number behind the head: an offset or index of a sparse matrix, a character, a code of a text.
            let bytes = members[index].bytes
            if bytes.count > 128 {
                members[index].bytes = ByteChange.settingNumber(bytes, in: 64..<bytes.count, &random)
            }
        default: members[index].bytes = ArrayChange.npy(members[index].bytes, &random)
        }
        return archive(members, deflated: random.next(2) == 0, is64: random.next(3) == 0)
    }

    /// Where the archive keeps numbers, and how wide they are.
    private static func numbers(_ bytes: [UInt8]) -> [(place: Int, width: Int)] {
        var found: [(place: Int, width: Int)] = []
        let fields: [UInt8: [(Int, Int)]] = [
            // Member, directory entry, end of directory in its two forms, and where the longer one is.
            3: [(4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)],
            1: [
                (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4), (46, 2), (52, 2),
                (56, 8), (64, 8),
            ],
            5: [(8, 2), (10, 2), (12, 4), (16, 4), (20, 2)],
            6: [(4, 8), (24, 8), (32, 8), (40, 8), (48, 8)],
            7: [(4, 4), (8, 8), (16, 4)],
        ]
        for place in bytes.indices.dropLast(4) where bytes[place] == 0x50 && bytes[place + 1] == 0x4B {
            for (offset, width) in fields[bytes[place + 2]] ?? [] where place + offset + width <= bytes.count {
                found.append((place + offset, width))
            }
        }
        return found
    }

    private struct Member {
        var name: String
        var bytes: [UInt8]
    }

    /// From the members' own heads, one after the other.
    private static func members(_ bytes: [UInt8]) -> [Member]? {
        func number(_ place: Int, _ width: Int) -> Int {
            (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        }
        var members: [Member] = []
        // A few bytes can say that much is packed in them, several times over.
        var room = 1 << 24
        for place in bytes.indices.dropLast(30) where bytes[place..<place + 4].elementsEqual(ZipArchive.magic) {
            let name = place + 30
            let data = name + number(place + 26, 2) + number(place + 28, 2)
            var size = number(place + 18, 4)
            if size == 0xFFFF_FFFF, name + number(place + 26, 2) + 20 <= bytes.count {
                size = number(name + number(place + 26, 2) + 12, 4)
            }
            guard data <= bytes.count, data + size <= bytes.count else { continue }
            let packed = Array(bytes[data..<data + size])
            let text = String(decoding: bytes[name..<min(data, name + number(place + 26, 2))], as: UTF8.self)
            guard let plain = number(place + 8, 2) == 0 ? packed : Deflate.unpack(packed, isRaw: true),
                plain.count <= room
            else { continue }
            room -= plain.count
            members.append(Member(name: text, bytes: plain))
        }
        return members
    }

    private static func archive(_ members: [Member], deflated: Bool, is64: Bool) -> [UInt8] {
        func little(_ value: Int, _ width: Int) -> [UInt8] {
            (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let data = deflated ? Deflate.pack(member.bytes, isRaw: true) : member.bytes
            let sum = Int(crc32(0, member.bytes, UInt32(member.bytes.count)))
            let common = little(20, 2) + little(0, 2) + little(deflated ? 8 : 0, 2) + little(0, 4) + little(sum, 4)
            let sizes = little(data.count, 4) + little(member.bytes.count, 4)
            let extra = is64 ? little(1, 2) + little(16, 2) + little(member.bytes.count, 8) + little(data.count, 8) : []
            let tail = little(member.name.utf8.count, 2) + little(extra.count, 2)
            let name = Array(member.name.utf8)
            directory += [0x50, 0x4B, 1, 2, 20, 0] + common + (is64 ? little(-1, 8) : sizes) + tail
            directory += little(0, 10) + little(file.count, 4) + name + extra
            file += ZipArchive.magic + common + (is64 ? little(-1, 8) : sizes) + tail + name + extra + data
        }
        let start = file.count
        file += directory
        if is64 {
            let record = file.count
            file += [0x50, 0x4B, 6, 6] + little(44, 8) + little(0, 12) + little(members.count, 8)
            file += little(members.count, 8) + little(directory.count, 8) + little(start, 8)
            file += [0x50, 0x4B, 6, 7] + little(0, 4) + little(record, 8) + little(1, 4)
        }
        file +=
            [0x50, 0x4B, 5, 6] + little(0, 4) + little(is64 ? -1 : members.count, 2)
            + little(is64 ? -1 : members.count, 2)
        return file + little(is64 ? -1 : directory.count, 4) + little(is64 ? -1 : start, 4) + little(0, 2)
    }
}
