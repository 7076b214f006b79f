/// The error all ranks throw when at least one of them failed: that of the lowest failing rank.
public struct RemoteError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The lowest rank that failed.
    public let rank: Int
    /// How many ranks failed.
    public let failedRanks: Int
    /// How many ranks there are.
    public let worldSize: Int
    /// The text of that rank's error.
    public let message: String

    /// The message; with the rank in front when others did not fail.
    public var description: String {
        if failedRanks == worldSize { return message }
        let others = failedRanks == 1 ? "" : " and \(failedRanks - 1) more"
        return "rank \(rank)\(others) of \(worldSize): \(message)"
    }
}

extension Communicator {
    /// Agrees on whether any rank failed. Collective: every rank calls it, with its own error or nil.
    ///
    /// Returns when all passed nil; otherwise every rank throws the same `RemoteError`, so all leave together and rank 0
    /// can print it once. One small allreduce when nothing failed, one broadcast more when something did.
    public func throwTogether(_ error: (any Error)?) throws {
        // One flag a rank, so the same call also says which rank to hear.
        var failed = (0..<size).map { UInt8($0 == rank && error != nil ? 1 : 0) }
        try failed.withUnsafeMutableBufferPointer { try allreducePatiently($0, .maximum) }
        guard let lowest = failed.firstIndex(of: 1) else { return }
        let text = error.map { Array("\($0)".utf8) } ?? []
        let message = try broadcast(bytes: text, root: lowest)
        throw RemoteError(
            rank: lowest, failedRanks: failed.count { $0 == 1 }, worldSize: size,
            message: String(decoding: message, as: UTF8.self))
    }

    /// Runs `body` on this rank and then agrees on errors: all ranks return, or all throw the same `RemoteError`.
    ///
    /// `body` works alone (files, parsing, checks) and must make no collective call: a rank that fails half-way would
    /// leave the others waiting in it.
    public func together<Result>(_ body: () throws -> Result) throws -> Result {
        let outcome = Swift.Result { try body() }
        switch outcome {
        case .success(let value):
            try throwTogether(nil)
            return value
        case .failure(let error):
            try throwTogether(error)
            throw error
        }
    }

    /// Runs `body` on rank 0; what it throws, all ranks throw as a `RootError`. Collective. nil on the other ranks.
    @discardableResult
    public func onRoot<Result>(_ body: () throws -> Result) throws -> Result? {
        do {
            return try together { rank == 0 ? try body() : nil }
        } catch let error as RemoteError {
            throw RootError(description: error.message)
        }
    }

    /// Rank 0's value on every rank. Collective.
    public func broadcastValue(_ value: Double) throws -> Double {
        var values = [value]
        try values.withUnsafeMutableBufferPointer { try broadcast($0, root: 0) }
        return values[0]
    }
}

/// An error of rank 0's alone, on all ranks.
public struct RootError: Error, CustomStringConvertible {
    public var description: String
}
