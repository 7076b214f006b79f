import Foundation
import Platform
import Telemetry
import Testing

/// Checks documents against the JSON schemas of Sources/Telemetry/Schemas, which use few words of the language. What a
/// schema says in a word that is not known here is an error, and so is a member that a schema does not describe.
struct Schema {
    private let root: JSON
    private let name: String
    private let ignored: Set = ["$schema", "$defs", "title", "description"]

    init(_ name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Telemetry/Schemas").path
        self.name = name
        root = try JSON(text: String(contentsOfFile: "\(folder)/\(name).schema.json", encoding: .utf8))
    }

    /// What is wrong with `document`.
    func complaints(_ document: JSON) -> [String] { check(document, root, name) }

    /// Checks every line of a file.
    func complaints(lines: String) throws -> [String] {
        try lines.split(separator: "\n").flatMap { complaints(try JSON(text: $0)) }
    }

    private func check(_ value: JSON, _ schema: JSON, _ path: String) -> [String] {
        var found: [String] = []
        for (word, rule) in schema.members ?? [] where !ignored.contains(word) {
            switch word {
            case "$ref":
                let parts = (rule.string ?? "").split(separator: "/").dropFirst()
                let target = parts.reduce(root as JSON?) { $0?[String($1)] }
                found += target.map { check(value, $0, path) } ?? ["\(path): no \(rule.text) in the schema"]
            case "type":
                let types = rule.array?.compactMap(\.string) ?? [rule.string ?? ""]
                if !types.contains(where: { matches(value, $0) }) {
                    found.append("\(path): \(value.text) is no \(types)")
                }
            case "enum":
                if !(rule.array ?? []).contains(value) { found.append("\(path): \(value.text) is not in \(rule.text)") }
            case "minimum":
                if let number = value.double, number < rule.double ?? .nan {
                    found.append("\(path): \(number) is too small")
                }
            case "maximum":
                if let number = value.double, number > rule.double ?? .nan {
                    found.append("\(path): \(number) is too large")
                }
            case "required":
                for key in rule.array?.compactMap(\.string) ?? [] where value.members != nil && value[key] == nil {
                    found.append("\(path): there is no \(key)")
                }
            case "properties":
                for (key, member) in value.members ?? [] {
                    if let schema = rule[key] {
                        found += check(member, schema, path + "." + key)
                    } else if name != "events" {
                        found.append("\(path): \(name).schema.json does not describe \(key)")
                    }
                }
            case "items":
                for (index, element) in (value.array ?? []).enumerated() {
                    found += check(element, rule, "\(path)[\(index)]")
                }
            default: found.append("\(path): the schema's word \(word) is not known to this check")
            }
        }
        return found
    }

    private func matches(_ value: JSON, _ type: String) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object),
            ("integer", .integer), ("number", .integer), ("number", .number):
            true
        default: false
        }
    }
}

@Suite struct SchemaTests {
    @Test func wrongDocumentsAreRefused() throws {
        let schema = try Schema("status")
        let good = #"{"state":"running","reason":"","attempt":1,"iteration":0}"#
        #expect(try schema.complaints(JSON(text: good)) == [])
        for (right, wrong) in [
            ("\"running\"", "\"asleep\""), ("\"attempt\":1", "\"attempt\":0"), ("\"iteration\":0", "\"iteration\":0.5"),
            (",\"iteration\":0", ""), ("\"reason\"", "\"cause\""),
        ] {
            #expect(try !schema.complaints(JSON(text: good.replacingOccurrences(of: right, with: wrong))).isEmpty)
        }
        #expect(try !Schema("metrics").complaints(lines: "{\"iteration\":1}\n").isEmpty)
        let ranks =
            #"{"event":"ranks","iteration":1,"seconds":2,"attempt":1,"window":2,"compute":[1.5],"waiting":[0.5],"samples":[7],"#
            + #""ranks":10000,"rank":[3],"mean":{"compute":1,"waiting":1,"samples":7},"slowest":[{"rank":3,"compute":1.5}]}"#
        #expect(try Schema("events").complaints(lines: ranks) == [])
        for (right, wrong) in [
            ("[1.5]", "[-1]"), ("10000", "0"), ("[3]", "[0.5]"), ("{\"rank\":3,", "{"), ("[7]", "[7.5]"),
        ] {
            #expect(
                try !Schema("events").complaints(lines: ranks.replacingOccurrences(of: right, with: wrong)).isEmpty,
                "\(wrong)")
        }
        #expect(try !Schema("result").complaints(JSON(text: "{\"test\":{\"rows\":\"many\",\"loss\":1}}")).isEmpty)
    }
}
