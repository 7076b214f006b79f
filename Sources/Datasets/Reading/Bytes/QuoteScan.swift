import Platform

/// Finds the ends of rows in text in which a quoted field may hold line ends.
///
/// A quote opens where a field starts; a doubled one within quotes closes and opens again. A quote inside a field that has no
/// quotes around it is an ordinary byte, as for `CSVTokenizer`.
struct QuoteScan {
    let delimiter: UInt8
    private var searched = 0
    private var isInside = false
    /// Where quotes closed last.
    private var closed = -2

    init(delimiter: UInt8) { self.delimiter = delimiter }

    /// The place behind the last row that ends within `bytes`; nil: none ends in what was not searched before.
    ///
    /// - Parameter bytes: from the start of a row on; longer with every call.
    mutating func lastLineEnd(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var last: Int?
        while searched < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[searched...])
            let quote = rest.first(0x22).map { searched + $0 } ?? bytes.count
            if isInside {
                isInside = quote == bytes.count
                closed = quote
            } else {
                let outside = UnsafeRawBufferPointer(rebasing: bytes[searched..<quote])
                if let end = outside.last(0x0A) { last = searched + end + 1 }
                isInside = quote < bytes.count && (quote == closed + 1 || startsField(bytes, quote))
            }
            searched = min(quote + 1, bytes.count)
        }
        return last
    }

    private func startsField(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> Bool {
        var before = place - 1
        while before >= 0, bytes[before] == 0x20 || bytes[before] == 0x0D || bytes[before] == 0x09 && delimiter != 0x09
        {
            before -= 1
        }
        return before < 0 || bytes[before] == 0x0A || bytes[before] == delimiter
    }
}

extension UnsafeRawBufferPointer {
    /// Place of the first such byte.
    fileprivate func first(_ byte: UInt8) -> Int? {
        guard let base = baseAddress, let found = memchr(base, Int32(byte), count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// Place of the last such byte.
    fileprivate func last(_ byte: UInt8) -> Int? { lastIndex(of: byte) }
}
