/// Nothing can be learned with such a budget.
struct PilotError: Error, CustomStringConvertible {
    let description: String

    init(description: String) { self.description = description.printable }
}
