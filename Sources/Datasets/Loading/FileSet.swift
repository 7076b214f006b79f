import MPI
import Platform

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The files of one table: every rank has looked at them and all agree on what they are.
struct FileSet {
    let files: [DataFile]
    /// Open on rank 0 when the table comes from standard input.
    let standardInput: TextReader?

    var format: DataFile.Format { files[0].format }

    /// Collective. Throws together: no files, a file that cannot be opened (on any rank), is empty, has an unknown format,
    /// differs between ranks, or is of another format than the others.
    init(_ given: [String], options: ReadOptions, communicator: any Communicator) throws {
        guard !given.isEmpty else { throw DatasetError("no data file is given") }
        let (paths, labels) = try FileSet.withoutEmptyParts(given, options, communicator)
        if paths.contains("-") {
            guard paths.count == 1 else { throw DatasetError("standard input (-) cannot be combined with other files") }
            let reader = try communicator.togetherOnData {
                communicator.rank == 0
                    ? try TextReader(stream: "-", chunkSize: LineDealer.streamChunkSize(ranks: communicator.size)) : nil
            }
            let file = try communicator.togetherOnData {
                try reader.map { try DataFile(sniffing: $0, options: options) }
            }
            files = try decodeFromRankZero(file.map { [$0] }, communicator)
            standardInput = reader
            return
        }
        let seen = Result {
            try paths.enumerated().map {
                try DataFile(path: $1, options: options, labels: labels.isEmpty ? nil : labels[$0])
            }
        }
        try FileSet.agree(seen, communicator)
        let mine = try seen.get()
        files = try decodeFromRankZero(mine, communicator)
        standardInput = nil
        try checkSizes(mine.map(\.byteCount), communicator)
        if let other = files.first(where: { $0.format != files[0].format }) {
            throw DatasetError(
                "\(other.path) is \(other.format.rawValue) and \(files[0].path) is \(files[0].format.rawValue): "
                    + "files read together must have one format")
        }
        let matrices = files.compactMap(\.sparse)
        guard matrices.isEmpty || matrices.count == files.count else {
            throw DatasetError(
                "\(matrices[0].matrix.name) is sparse and another of the files is not: give files of one kind")
        }
        if let other = matrices.first(where: { $0.matrix.columns != matrices[0].matrix.columns }) {
            throw DatasetError(
                "\(other.matrix.name) has \(other.matrix.columns) columns and \(matrices[0].matrix.name) has "
                    + "\(matrices[0].matrix.columns): matrices read together must have as many")
        }
        let arrays = files.compactMap(\.array)
        if let other = arrays.first(where: { $0.columns != arrays[0].columns || $0.shape != arrays[0].shape }) {
            throw DatasetError(
                "\(other.path) has \(FileSet.extent(other)) and \(arrays[0].path) has \(FileSet.extent(arrays[0])): "
                    + "arrays read together must have rows of one shape")
        }
    }

    /// Spark and Hadoop write parts of no bytes; one among others is passed over, with its file of labels. Collective.
    private static func withoutEmptyParts(
        _ paths: [String], _ options: ReadOptions, _ communicator: any Communicator
    ) throws -> (paths: [String], labels: [String]) {
        guard options.labels.isEmpty || options.labels.count == paths.count else {
            throw DatasetError(
                "`labels` is given \(options.labels.count) times for \(paths.count) data files: "
                    + "give one file of labels for each, in the same order")
        }
        let mine = paths.map { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size == 0 ? 1 : 0
        }
        let isEmpty = try communicator.allreduce(mine, .minimum)
        guard isEmpty.contains(0) else { return (paths, options.labels) }
        let kept = paths.indices.filter { isEmpty[$0] == 0 }
        return (kept.map { paths[$0] }, options.labels.isEmpty ? [] : kept.map { options.labels[$0] })
    }

    private static func extent(_ array: ArrayTable) -> String {
        array.shape.map { "images of \($0)" } ?? "\(array.columns) features"
    }

    /// What a row means, where the files say so.
    var shape: SampleShape? { files[0].array?.shape }
    /// Values are whole numbers from 0 to 255 in every file.
    var holdsBytes: Bool { files.allSatisfy { $0.array?.holdsBytes ?? false } }

    /// A file that some ranks can open and others cannot is most likely on a disk of its own node: name the host.
    private static func agree(_ seen: Result<[DataFile], any Error>, _ communicator: any Communicator) throws {
        var failure: (any Error)?
        if case .failure(let error) = seen { failure = error }
        let failed = try communicator.allreduce(failure == nil ? 0 : 1, .sum)
        if let error = failure, failed < communicator.size {
            failure = DatasetError(
                "\(error) (on host \(hostName()), while other ranks can read it: put the file on a file system that "
                    + "all nodes share, or copy it to every node)")
        }
        try communicator.throwTogether(failure)
    }

    private func checkSizes(_ sizes: [Int], _ communicator: any Communicator) throws {
        let extremes = try communicator.allreduce(sizes + sizes.map { -$0 }, .maximum)
        for (index, file) in files.enumerated() where extremes[index] != -extremes[sizes.count + index] {
            throw DatasetError(
                "\(file.path) has \(-extremes[sizes.count + index]) bytes on one rank and \(extremes[index]) on another: "
                    + "the ranks see different files; use one that all nodes share")
        }
    }
}

/// Rank 0's value on every rank; the others' argument is ignored.
func decodeFromRankZero<T: Codable>(_ value: T?, _ communicator: any Communicator) throws -> T {
    let bytes = try communicator.together { communicator.rank == 0 ? Array(try JSONEncoder().encode(value)) : [] }
    return try JSONDecoder().decode(T.self, from: Data(try communicator.broadcast(bytes: bytes)))
}
