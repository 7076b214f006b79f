import Platform

/// A model that cannot be built, saved or read as asked: what is wrong and what to do about it.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description.printable }

    /// Of a file that is not as it was written.
    static func damage(_ what: String) -> ModelError { ModelError(what + "; copy it again, or train the model anew") }
}
