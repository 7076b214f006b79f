import MPI
import Telemetry

/// Writes one message to standard error.
func complain(_ message: String) { StandardStream.error.say("crescendo: \(message)\n") }

/// An error of rank 0's alone, on all ranks.
struct RootError: Error, CustomStringConvertible {
    var description: String
}

/// An end with nothing to say: the reader of the output went away.
struct Silence: Error, CustomStringConvertible {
    static let text = "the reader of standard output is gone"
    var description: String { Silence.text }
}

extension Communicator {
    /// Runs `body` on rank 0; what it throws, all ranks throw. Collective. nil on the other ranks.
    @discardableResult
    func onRoot<Result>(_ body: () throws -> Result) throws -> Result? {
        do {
            return try together { rank == 0 ? try body() : nil }
        } catch let error as RemoteError {
            if error.message == Silence.text { throw Silence() }
            throw RootError(description: error.message)
        }
    }
}
