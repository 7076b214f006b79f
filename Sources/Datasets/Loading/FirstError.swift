import MPI

extension Communicator {
    /// Like `throwTogether` for faults of the data, where it does not matter which rank met them: when several ranks
    /// failed, all throw the error that comes first in the files.
    ///
    /// - Parameter file: number of the file the error is about.
    func throwFirst(_ error: (any Error)?, file: Int) throws {
        guard try allreduce(error == nil ? 0 : 1, .maximum) == 1 else { return }
        let line = (error as? ParseError).flatMap { $0.row ?? $0.line } ?? 0
        let places = try allgather(arrays: error == nil ? [] : [file, line])
        let texts = try allgather(bytes: error.map { Array("\($0)".utf8) } ?? [])
        let first = places.indices.filter { !places[$0].isEmpty }.min {
            places[$0].lexicographicallyPrecedes(places[$1])
        }
        throw DatasetError(String(decoding: texts[first ?? 0], as: UTF8.self))
    }

    /// Like `together` for steps in which one rank alone may find the data at fault.
    func togetherOnData<Result>(_ body: () throws -> Result) throws -> Result {
        let outcome = Swift.Result { try body() }
        switch outcome {
        case .success(let value):
            try throwFirst(nil, file: 0)
            return value
        case .failure(let error):
            try throwFirst((error as? ParseError)?.resolved() ?? error, file: 0)
            throw error
        }
    }
}
