/// The head of a NumPy array of two dimensions, rows one behind the other: all that stands before its numbers.
package enum NPYHead {
    package enum Element: String, Sendable {
        case float32 = "<f4"
        case float64 = "<f8"
    }

    /// Version 1.0. The numbers begin at a multiple of 64 bytes, as NumPy has it.
    package static func bytes(_ element: Element, rows: Int, columns: Int) -> [UInt8] {
        let text = "{'descr': '\(element.rawValue)', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
        let start = NPYHeader.magic.count + 4
        let size = (start + text.utf8.count + 1 + 63) / 64 * 64
        let length = UInt16(size - start)
        return NPYHeader.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + text.utf8
            + [UInt8](repeating: UInt8(ascii: " "), count: size - start - text.utf8.count - 1) + [0x0A]
    }
}
