import CYAML

/// The lines `option: value` of a YAML file, as its text says them: no value is made a number or a date.
struct OptionLines {
    enum Value {
        /// `isPlain`: without quotes.
        case scalar(String, isPlain: Bool)
        /// Nil for items that are no scalars.
        case list([String?])
        case mapping

        /// Nil where it is no scalar.
        var text: String? { if case .scalar(let text, _) = self { text } else { nil } }
    }

    struct Line {
        /// Nil where it is no scalar.
        var key: String?
        var value: Value
        var number: Int
    }

    /// What is no YAML, and where.
    struct Fault: Error {
        var message: String
        var line: Int?
    }

    private(set) var lines: [Line] = []

    init(yaml: String) throws {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { throw Fault(message: "out of memory") }
        defer { yaml_parser_delete(&parser) }
        try withUnsafeMutablePointer(to: &parser) { parser in
            var yaml = yaml
            try yaml.withUTF8 { bytes in
                yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
                yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
                var events = Events(parser: parser)
                try read(&events)
            }
        }
    }

    private mutating func read(_ events: inout Events) throws {
        _ = try events.next()
        guard try events.next().type == YAML_DOCUMENT_START_EVENT else { return }
        let root = try events.next()
        guard root.type == YAML_MAPPING_START_EVENT else {
            throw Fault(message: "expected lines of the form 'option: value'", line: root.line)
        }
        while true {
            let key = try events.next()
            if key.type == YAML_MAPPING_END_EVENT { break }
            let name = try events.value(from: key).text
            lines.append(Line(key: name, value: try events.value(from: events.next()), number: key.line))
        }
        _ = try events.next()
        let last = try events.next()
        guard last.type == YAML_STREAM_END_EVENT else {
            throw Fault(message: "not valid YAML: more than one document", line: last.line)
        }
    }
}

/// The events of a text, with what its anchors stand for.
private struct Events {
    struct Event {
        var type: yaml_event_type_t
        /// From 1.
        var line: Int
        /// Of a scalar; and the name of an alias.
        var text = ""
        var isPlain = false
        var anchor: String?
    }

    let parser: UnsafeMutablePointer<yaml_parser_t>
    private var anchors: [String: OptionLines.Value] = [:]

    init(parser: UnsafeMutablePointer<yaml_parser_t>) { self.parser = parser }

    mutating func next() throws -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw fault }
        defer { yaml_event_delete(&event) }
        var found = Event(type: event.type, line: Int(event.start_mark.line) + 1)
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            found.text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            found.isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            found.anchor = Self.string(scalar.anchor)
        case YAML_ALIAS_EVENT: found.text = Self.string(event.data.alias.anchor) ?? ""
        case YAML_SEQUENCE_START_EVENT: found.anchor = Self.string(event.data.sequence_start.anchor)
        case YAML_MAPPING_START_EVENT: found.anchor = Self.string(event.data.mapping_start.anchor)
        default: break
        }
        return found
    }

    /// The value that begins with an event, to its end.
    mutating func value(from first: Event) throws -> OptionLines.Value {
        var value: OptionLines.Value
        switch first.type {
        case YAML_SCALAR_EVENT: value = .scalar(first.text, isPlain: first.isPlain)
        case YAML_ALIAS_EVENT:
            guard let found = anchors[first.text] else {
                throw OptionLines.Fault(message: "not valid YAML: no anchor is called \(first.text)", line: first.line)
            }
            value = found
        case YAML_SEQUENCE_START_EVENT:
            var items: [String?] = []
            while true {
                let item = try next()
                if item.type == YAML_SEQUENCE_END_EVENT { break }
                if item.type == YAML_SEQUENCE_START_EVENT || item.type == YAML_MAPPING_START_EVENT {
                    try skip()
                    items.append(nil)
                } else {
                    items.append(try self.value(from: item).text)
                }
            }
            value = .list(items)
        default:
            try skip()
            value = .mapping
        }
        if let anchor = first.anchor { anchors[anchor] = value }
        return value
    }

    /// To the end of a list or mapping that has begun, however deep.
    private mutating func skip() throws {
        var depth = 1
        while depth > 0 {
            switch try next().type {
            case YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT: depth += 1
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: depth -= 1
            default: break
            }
        }
    }

    private var fault: OptionLines.Fault {
        let (problem, mark) = (parser.pointee.problem, parser.pointee.problem_mark)
        let text = problem.map { String(cString: $0) } ?? "out of memory"
        // Bytes that are no characters have no place.
        let hasPlace = parser.pointee.error == YAML_SCANNER_ERROR || parser.pointee.error == YAML_PARSER_ERROR
        return OptionLines.Fault(message: "not valid YAML: \(text)", line: hasPlace ? Int(mark.line) + 1 : nil)
    }

    private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        text.map { String(cString: $0) }
    }
}
