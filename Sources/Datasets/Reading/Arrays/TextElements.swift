/// Texts of one length, as NumPy and HDF5 keep them: zeros stand behind shorter ones.
enum TextElements {
    /// Element `index` without blanks around it, as a field of CSV is read. Nil: it is no text.
    static func text(_ header: ArrayHeader, _ bytes: UnsafeRawBufferPointer, _ index: Int) -> String? {
        let size = header.elementSize
        let element = UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size])
        guard header.element == .unicode else {
            return String(validating: element.prefix { $0 != 0 }, as: UTF8.self).map(trimmed)
        }
        var text = String.UnicodeScalarView()
        for place in 0..<header.characters {
            let word = element.loadUnaligned(fromByteOffset: 4 * place, as: UInt32.self)
            let code = header.isBigEndian ? word.byteSwapped : word
            if code == 0 { break }
            guard let scalar = Unicode.Scalar(code) else { return nil }
            text.append(scalar)
        }
        return trimmed(String(text))
    }

    static func trimmed(_ text: String) -> String {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, isBlank(first) || isBlank(last) else { return text }
        let inner = bytes.drop(while: isBlank)
        return String(
            decoding: inner.prefix(inner.count - inner.reversed().prefix(while: isBlank).count), as: UTF8.self)
    }
}
