import Platform

/// Nothing can be learned with such a budget.
package struct PilotError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description.printable }
}
