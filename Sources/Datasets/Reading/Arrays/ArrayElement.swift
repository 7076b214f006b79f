/// The type of an array's elements, by its name in NumPy.
enum ArrayElement: String, Codable, Sendable, CaseIterable {
    case f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1
    /// Texts of one length: characters of four bytes, or bytes. And texts of any length, which HDF5 has.
    case unicode = "U"
    case bytes = "S"
    case string

    /// Bytes; of a text, those of a character.
    var size: Int {
        switch self {
        case .unicode: 4
        case .bytes, .string: 1
        default: Int(rawValue.utf8.last ?? 0x30) - 0x30
        }
    }

    var isText: Bool { self == .unicode || self == .bytes || self == .string }
    var isInteger: Bool { rawValue.hasPrefix("i") || rawValue.hasPrefix("u") }
}
