import Telemetry

/// Writes one message to standard error.
func complain(_ message: String) { StandardStream.error.say("crescendo: \(spelled(message))\n") }

/// A library's message as the program says it: settings, which libraries name as `inputShape`, are options.
func spelled(_ message: String) -> String {
    message.replacing(#/`([a-z]+(?:[A-Z][a-z]+)*)`( false)?/#) { match in
        let key = match.1.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
        guard let kind = OptionTable.kind(of: key) else { return String(match.0) }
        guard match.2 != nil, kind == .flag else { return "--" + key + (match.2 ?? "") }
        return "--no-" + key
    }
}

/// An end with nothing to say: the reader of the output went away.
struct Silence: Error, CustomStringConvertible {
    static let text = "the reader of standard output is gone"
    var description: String { Silence.text }
}
