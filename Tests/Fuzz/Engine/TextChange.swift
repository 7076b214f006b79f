/// Changes of texts: numbers become critical ones, lines and fields are doubled, left out, swapped or cut.
enum TextChange {
    static func apply(_ bytes: [UInt8], limit: Int, _ random: inout MutationRandom) -> [UInt8] {
        guard !bytes.isEmpty else { return Array("1".utf8) }
        switch random.next(7) {
        case 0, 1, 2: return settingNumber(bytes, &random)
        case 3: return changingLines(bytes, limit: limit, &random)
        case 4: return settingMark(bytes, &random)
        case 5: return insertingWord(bytes, &random)
        default: return Array(bytes.prefix(random.next(bytes.count + 1)))
        }
    }

    /// A run of digits, with its sign, point and exponent as often as not.
    static func settingNumber(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        var runs: [Range<Int>] = []
        var start: Int?
        let isWhole = random.next(2) == 0
        for (place, byte) in bytes.enumerated() {
            let belongs =
                (0x30...0x39).contains(byte)
                || !isWhole && [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) && start != nil
            if belongs, start == nil { start = place }
            if !belongs, let begin = start {
                runs.append(begin..<place)
                start = nil
            }
        }
        if let begin = start { runs.append(begin..<bytes.count) }
        guard !runs.isEmpty else { return insertingWord(bytes, &random) }
        let run = random.pick(runs)
        return Array(bytes[..<run.lowerBound]) + Array(random.pick(CriticalNumber.texts).utf8)
            + bytes[run.upperBound...]
    }

    private static func changingLines(_ bytes: [UInt8], limit: Int, _ random: inout MutationRandom) -> [UInt8] {
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        let (a, b) = (random.next(lines.count), random.next(lines.count))
        switch random.next(5) {
        case 0: lines.remove(at: a)
        case 1: lines.insert(lines[a], at: b)
        case 2: lines.swapAt(a, b)
        case 3: lines[a] = []
        default:
            let copies = min(random.next(200), limit / max(1, lines[a].count + 1))
            lines.insert(contentsOf: [[UInt8]](repeating: lines[a], count: copies), at: b)
        }
        return Array(lines.joined(separator: [0x0A]))
    }

    /// A byte that means something in some text becomes another one.
    private static func settingMark(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        let marks = Array(" \t\r\n,;|:#\"'\\{}[]()-+.=eE&*!%@?<>\u{0}".utf8)
        let places = bytes.indices.filter { marks.contains(bytes[$0]) }
        guard let place = places.isEmpty ? nil : random.pick(places) else { return bytes }
        var result = bytes
        result[place] = random.pick(marks)
        return result
    }

    private static func insertingWord(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        let words =
            CriticalNumber.texts + [
                "qid:3", "1:2", ":", "\"\"", "\"", "\u{FEFF}", "\u{1B}[2J", "NA", "?", "\\u0000", "\\ud800", "&a", "*a",
                "<<: ",
                "- ", "? ", "!!binary ", "---\n", "[[[[[[[[", "]]]]", "{{{{", "\u{7F}", "é", "\u{202E}",
            ]
        let place = random.next(bytes.count + 1)
        return Array(bytes[..<place]) + Array(random.pick(words).utf8) + bytes[place...]
    }
}
