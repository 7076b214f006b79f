/// One metric in Prometheus' text format (version 0.0.4): its help, its type, its samples.
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/.
package struct MetricFamily {
    package enum Kind: String {
        case counter
        case gauge
    }

    package struct Sample {
        package var labels: [(name: String, value: String)] = []
        package var value: Double
    }

    package let name: String
    package let help: String
    package let kind: Kind
    package var samples: [Sample]

    package init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    package init(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        self.init(name, kind, help, [Sample(value: value)])
    }

    /// - Parameter labels: of every sample, before its own.
    package func text(labels: [(name: String, value: String)]) -> String {
        var text = "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let all = (labels + sample.labels).map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += name + (all.isEmpty ? "" : "{" + all.joined(separator: ",") + "}") + " "
            text += Self.number(sample.value) + "\n"
        }
        return text
    }

    package static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return value.description
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
