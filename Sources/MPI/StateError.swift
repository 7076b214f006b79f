/// MPI was used out of turn.
public struct MPIStateError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
}
