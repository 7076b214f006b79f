/// Changes of the metadata of Arrow files, which is made of numbers of two, four and eight bytes in their places.
enum ArrowChange {
    static func apply(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        guard bytes.count > 64 else { return ByteChange.settingNumber(bytes, &random) }
        let width = random.pick([2, 4, 4, 8])
        // The schema stands at the start, the footer at the end.
        let range =
            switch random.next(3) {
            case 0: 0..<min(bytes.count, 1024)
            case 1: max(0, bytes.count - 1024)..<bytes.count
            default: 0..<bytes.count
            }
        let place = range.lowerBound + random.next(range.count) / width * width
        guard random.next(3) == 0 else {
            return ByteChange.setting(bytes, at: place, width: width, isBig: false, &random)
        }
        // What one number is, another becomes: offsets that are sound, to other places.
        let other = range.lowerBound + random.next(range.count) / width * width
        guard place + width <= bytes.count, other + width <= bytes.count else { return bytes }
        var result = bytes
        for index in 0..<width { result[place + index] = bytes[other + index] }
        return result
    }
}
