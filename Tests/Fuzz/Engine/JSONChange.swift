import Platform
import Telemetry

/// Changes of JSON documents, which stay JSON: values of other types and sizes, members and elements doubled, left out or
/// taken from elsewhere. A string that holds a document is changed inside.
enum JSONChange {
    /// nil: not JSON.
    static func apply(_ text: String, _ random: inout MutationRandom) -> String? {
        guard let json = try? JSON(text: text) else { return nil }
        return change(json, root: json, depth: 0, &random).text
    }

    /// Bytes that hold one document, or one on each line.
    static func apply(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
        if let changed = apply(text, &random) { return Array(changed.utf8) }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let place = random.next(lines.count)
        guard let changed = apply(lines[place], &random) else { return TextChange.apply(bytes, limit: .max, &random) }
        lines[place] = changed
        return Array(lines.joined(separator: "\n").utf8)
    }

    private static func change(_ json: JSON, root: JSON, depth: Int, _ random: inout MutationRandom) -> JSON {
        switch json {
        case .object(var members) where !members.isEmpty:
            let place = random.next(members.count)
            switch random.next(12) {
            case 0: members.remove(at: place)
            case 1: members.append(members[place])
            case 2: members[place].value = anyValue(of: root, &random)
            case 3: members[place].key = random.pick(members.map(\.key) + ["", "x"])
            default: members[place].value = change(members[place].value, root: root, depth: depth + 1, &random)
            }
            return .object(members)
        case .array(var values) where !values.isEmpty:
            let place = random.next(values.count)
            switch random.next(10) {
            case 0: values.remove(at: place)
            case 1: values.insert(values[place], at: place)
            case 2: values = Array(values.prefix(place))
            case 3: values += [JSON](repeating: values[place], count: random.next(20))
            case 4: values[place] = anyValue(of: root, &random)
            default: values[place] = change(values[place], root: root, depth: depth + 1, &random)
            }
            return .array(values)
        case .string(let text):
            if text.hasPrefix("{") || text.hasPrefix("["), random.next(8) > 0, let inner = apply(text, &random) {
                return .string(inner)
            }
            return scalar(&random)
        default: return scalar(&random)
        }
    }

    private static func scalar(_ random: inout MutationRandom) -> JSON {
        let text = random.pick(CriticalNumber.texts)
        if random.next(6) == 0 {
            return .string(random.pick(["", "a", "\u{0}", "\n", "\u{1B}[31m", "-x", "é\u{301}", text, "inf", "nan"]))
        }
        return (try? JSON(text: text)) ?? .null
    }

    /// Some value from anywhere in the document.
    private static func anyValue(of root: JSON, _ random: inout MutationRandom) -> JSON {
        var json = root
        while random.next(4) > 0 {
            switch json {
            case .object(let members) where !members.isEmpty: json = random.pick(members.map(\.value))
            case .array(let values) where !values.isEmpty: json = random.pick(values)
            default: return json
            }
        }
        return json
    }
}
