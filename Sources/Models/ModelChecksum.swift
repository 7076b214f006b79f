import Datasets
import Platform

/// The checksum of a model file, among its metadata: `crc32`, the CRC-32 of the whole file with eight zeros in the place of
/// its own digits, and `checksum`, which says that there is one. Files of version 0.1.0 have neither.
enum ModelChecksum {
    static let key = "crc32"
    static let placeholder = "00000000"
    /// A damaged key alone could hide the other.
    static let announcement = "checksum"
    private static let mark = Array("\"\(key)\":\"".utf8)

    /// What a file that will be sealed has among its metadata.
    static func prepare(_ metadata: inout [String: String]) {
        metadata[announcement] = key
        metadata[key] = placeholder
    }

    /// Whether a file is as it was written, as far as it has a checksum.
    static func isRight(_ file: [UInt8], metadata: [String: String]) -> Bool {
        guard let text = metadata[key] else { return metadata[announcement] == nil }
        return metadata[announcement] == key && isRight(text, of: file)
    }

    /// Puts the checksum into a file whose metadata hold the placeholder.
    static func seal(_ file: inout [UInt8]) {
        guard let place = place(in: file) else { return }
        file.replaceSubrange(place, with: CRC32.text(of: file).utf8)
    }

    private static func isRight(_ text: String, of file: [UInt8]) -> Bool {
        guard let place = place(in: file), file[place].elementsEqual(text.utf8) else { return false }
        var plain = file
        plain.replaceSubrange(place, with: placeholder.utf8)
        return CRC32.text(of: plain) == text
    }

    /// Where the digits stand. Within a string of JSON the quotes of the mark would have backslashes.
    private static func place(in file: [UInt8]) -> Range<Int>? {
        guard file.count > 8 else { return nil }
        let length = file.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        let end = min(UInt64(file.count), 8 + min(length, 1 << 30))
        return file.withUnsafeBufferPointer { file in
            for start in 8..<max(8, Int(end) - mark.count - 8)
            where file[start] == mark[0] && file[start..<start + mark.count].elementsEqual(mark) {
                return start + mark.count..<start + mark.count + 8
            }
            return nil
        }
    }
}
