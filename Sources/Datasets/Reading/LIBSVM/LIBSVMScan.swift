/// One pass over the bytes of a chunk, writing into arrays sized beforehand (a row needs a line end, an entry a colon).
struct LIBSVMScan {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let firstIndex: Int
    private let allowMissingLabels: Bool
    private var block = RowBlock()
    private var largest = -1

    init(bytes: UnsafeBufferPointer<UInt8>, firstIndex: Int, allowMissingLabels: Bool) {
        self.bytes = bytes
        self.firstIndex = firstIndex
        self.allowMissingLabels = allowMissingLabels
    }

    mutating func run() throws(LIBSVMFault) -> RowBlock {
        let (lines, allColons) = countBytes(0x0A, 0x3A, in: bytes)
        // An entry takes four bytes: " 1:2".
        let colons = min(allColons, bytes.count / 4 + 1)
        block.rowOffsets.reserveCapacity(lines + 1)
        block.labels.reserveCapacity(lines)
        var fault: LIBSVMFault?
        block.columns = Array(unsafeUninitializedCapacity: colons) { columns, columnCount in
            block.values = Array(unsafeUninitializedCapacity: colons) { values, valueCount in
                guard let columns = columns.baseAddress, let values = values.baseAddress else { return }
                var count = 0
                do throws(LIBSVMFault) {
                    try rows(columns, values, &count)
                } catch {
                    fault = error
                }
                columnCount = count
                valueCount = count
            }
        }
        if let fault { throw fault }
        block.columnCount = largest + 1
        return block
    }

    private mutating func rows(
        _ columns: UnsafeMutablePointer<Int32>, _ values: UnsafeMutablePointer<Double>, _ count: inout Int
    ) throws(LIBSVMFault) {
        guard var cursor = bytes.baseAddress else { return }
        let end = cursor + bytes.count
        while cursor < end { try row(&cursor, columns, values, &count) }
    }

    /// One line, its line end included.
    private mutating func row(
        _ cursor: inout UnsafePointer<UInt8>, _ columns: UnsafeMutablePointer<Int32>,
        _ values: UnsafeMutablePointer<Double>, _ count: inout Int
    ) throws(LIBSVMFault) {
        var p = cursor
        skipBlanks(&p)
        guard p.pointee != 0x0A, p.pointee != 0x23 else {
            cursor = afterLine(p)
            return
        }
        block.labels.append(try label(&p))
        let first = count
        var row = Row()
        while true {
            plainEntries(&p, columns, values, &count, &row)
            skipBlanks(&p)
            if p.pointee == 0x0A || p.pointee == 0x23 { break }
            guard let (column, value) = try entry(&p) else { continue }
            row.add(column, value)
            columns[count] = Int32(truncatingIfNeeded: column)
            values[count] = value
            count += 1
        }
        largest = max(largest, row.last)
        if !row.isSorted {
            let entries = first..<count
            if let twice = sortEntries(columns + first, values + first, entries.count) {
                throw fault(.duplicate(Int(twice) + firstIndex), cursor)
            }
            block.tally.unsortedRows += 1
            largest = max(largest, Int(columns[count - 1]))
        }
        if row.hasZeros { dropZeros(columns, values, from: first, &count) }
        block.rowOffsets.append(count)
        cursor = afterLine(p)
    }

    /// What the entries of a row are like.
    private struct Row {
        var last = -1
        var isSorted = true
        var hasZeros = false

        @inline(__always)
        mutating func add(_ column: Int, _ value: Double) {
            isSorted = isSorted && column > last
            last = column
            hasZeros = hasZeros || value == 0
        }
    }

    /// Entries from `cursor` on that are as nearly all are: a blank, an index, a colon and a short number. Everything is in a local
    /// variable, and so in a register.
    @inline(never)
    private func plainEntries(
        _ cursor: inout UnsafePointer<UInt8>, _ columns: UnsafeMutablePointer<Int32>,
        _ values: UnsafeMutablePointer<Double>, _ count: inout Int, _ row: inout Row
    ) {
        let firstIndex = firstIndex
        var (next, found, place) = (cursor, row, count)
        while next.pointee == 0x20 {
            var p = next + 1
            var index = 0
            while p.pointee &- 0x30 < 10 {
                index = index &* 10 &+ Int(p.pointee &- 0x30)
                p += 1
            }
            let digits = p - next - 1
            guard p.pointee == 0x3A, digits > 0, digits < 9, index >= firstIndex else { break }
            p += 1
            guard let value = NumberParser.short(&p), isEnd(p.pointee) else { break }
            let column = index &- firstIndex
            found.add(column, value)
            columns[place] = Int32(truncatingIfNeeded: column)
            values[place] = value
            place &+= 1
            next = p
        }
        (cursor, row, count) = (next, found, place)
    }

    private func fault(_ kind: LIBSVMFault.Kind, _ place: UnsafePointer<UInt8>) -> LIBSVMFault {
        LIBSVMFault(kind: kind, place: bytes.baseAddress.map { place - $0 } ?? 0)
    }

    @inline(__always)
    private func skipBlanks(_ p: inout UnsafePointer<UInt8>) {
        while p.pointee == 0x20 || p.pointee == 0x09 || p.pointee == 0x0D { p += 1 }
    }

    private func afterLine(_ start: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
        var p = start
        while p.pointee != 0x0A { p += 1 }
        return p + 1
    }

    /// Whether a token may end here: blank, line end or comment.
    @inline(__always)
    private func isEnd(_ byte: UInt8) -> Bool { byte <= 0x20 || byte == 0x23 }

    private func label(_ p: inout UnsafePointer<UInt8>) throws(LIBSVMFault) -> Double {
        let start = p
        if let value = NumberParser.parse(&p), isEnd(p.pointee) {
            guard value.isFinite else { throw fault(.labelNotFinite, start) }
            return value
        }
        var end = start
        while !isEnd(end.pointee) {
            if end.pointee == 0x3A {
                guard allowMissingLabels else { throw fault(.noLabel, start) }
                p = start
                return .nan
            }
            end += 1
        }
        let word = UnsafeBufferPointer(start: start, count: end - start)
        throw fault(NumberParser.isNotFiniteWord(word) ? .labelNotFinite : .label, start)
    }

    /// One `index:value`; nil for a `qid:` field.
    @inline(never)
    private mutating func entry(_ p: inout UnsafePointer<UInt8>) throws(LIBSVMFault) -> (Int, Double)? {
        let start = p
        var index = 0
        while true {
            let digit = p.pointee &- 0x30
            if digit > 9 { break }
            index = index &* 10 &+ Int(digit)
            p += 1
        }
        guard p.pointee == 0x3A, p > start, p - start <= 18 else {
            try otherToken(start, &p)
            return nil
        }
        p += 1
        let column = index - firstIndex
        guard column >= 0 else { throw fault(.indexBelowFirst, start) }
        guard index <= Int(Int32.max) else { throw fault(.indexTooLarge, start) }
        let text = p
        guard let value = NumberParser.parse(&p), isEnd(p.pointee) else { throw valueFault(start, text) }
        guard value.isFinite else { throw fault(.valueNotFinite, start) }
        return (column, value)
    }

    private func valueFault(_ start: UnsafePointer<UInt8>, _ text: UnsafePointer<UInt8>) -> LIBSVMFault {
        var end = text
        while !isEnd(end.pointee) { end += 1 }
        let word = UnsafeBufferPointer(start: text, count: end - text)
        return fault(NumberParser.isNotFiniteWord(word) ? .valueNotFinite : .value, start)
    }

    /// A token that does not start with `digits:`: a `qid:` field, or a fault.
    @inline(never)
    private mutating func otherToken(
        _ start: UnsafePointer<UInt8>, _ p: inout UnsafePointer<UInt8>
    ) throws(LIBSVMFault) {
        var end = start
        var colon: UnsafePointer<UInt8>?
        while !isEnd(end.pointee) {
            if end.pointee == 0x3A, colon == nil { colon = end }
            end += 1
        }
        guard let colon else { throw fault(.colon, start) }
        let key = UnsafeBufferPointer(start: start, count: colon - start)
        if key.elementsEqual([0x71, 0x69, 0x64]) {
            block.tally.queryIDs += 1
            p = end
            return
        }
        let digits = key.first == 0x2D ? key.dropFirst() : key[...]
        guard !digits.isEmpty, digits.allSatisfy({ $0 &- 0x30 <= 9 }) else {
            throw fault(.index, start)
        }
        throw fault(key.first == 0x2D ? .indexBelowFirst : .indexTooLarge, start)
    }

    /// Sorts one row by column; returns a column that occurs twice.
    private func sortEntries(
        _ columns: UnsafeMutablePointer<Int32>, _ values: UnsafeMutablePointer<Double>, _ count: Int
    ) -> Int32? {
        let sorted = (0..<count).map { (columns[$0], values[$0]) }.sorted { $0.0 < $1.0 }
        for (place, entry) in sorted.enumerated() {
            if place > 0, sorted[place - 1].0 == entry.0 { return entry.0 }
            columns[place] = entry.0
            values[place] = entry.1
        }
        return nil
    }

    /// Moves the row's non-zero entries together.
    private func dropZeros(
        _ columns: UnsafeMutablePointer<Int32>, _ values: UnsafeMutablePointer<Double>, from first: Int,
        _ count: inout Int
    ) {
        var kept = first
        for entry in first..<count where values[entry] != 0 {
            columns[kept] = columns[entry]
            values[kept] = values[entry]
            kept += 1
        }
        count = kept
    }
}
