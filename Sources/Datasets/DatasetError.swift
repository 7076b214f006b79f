import Platform

/// Data that was read but cannot be used as asked: what is wrong and what to do about it.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description.printable }
}
