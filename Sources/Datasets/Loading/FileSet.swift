import MPI
import Platform

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The files of one table: every rank has looked at them and all agree on what they are.
struct FileSet {
    private(set) var files: [DataFile]
    /// On rank 0, by their paths: standard input and named pipes.
    let pipes: [String: PipedInput]
    /// Of this rank; started where it is asked for something.
    let converter = ParquetConverter()

    var format: DataFile.Format { files[0].format }
    var hasPipes: Bool { files.contains(where: \.isPiped) }

    /// Collective. Throws together: no files, a file that cannot be opened (on any rank), is empty, has an unknown format,
    /// differs between ranks, or is of another format than the others.
    init(_ given: [String], options: ReadOptions, communicator: any Communicator) throws {
        guard !given.isEmpty else { throw DatasetError("no data file is given") }
        let (paths, labels) = try FileSet.withoutEmptyParts(given, options, communicator)
        let isPiped = try FileSet.pipes(among: paths, communicator)
        var pipes: [String: PipedInput] = [:]
        let piped = try communicator.togetherOnData {
            try paths.indices.filter { isPiped[$0] && communicator.rank == 0 }.reduce(into: [Int: [DataFile]]()) {
                let pipe = try PipedInput(path: paths[$1])
                pipes[paths[$1]] = pipe
                $0[$1] = [try DataFile(.pipe(pipe, pipe.peekable), options: options)].compactMap { $0 }
            }
        }
        let seen = Result {
            try paths.indices.map { index in
                if isPiped[index] { return [DataFile]() }
                return try DataFile.tables(
                    in: paths[index], options: options, labels: labels.isEmpty ? nil : labels[index])
            }
        }
        try FileSet.agree(seen, communicator)
        let mine = try seen.get()
        let all = try decodeFromRankZero(mine.indices.flatMap { piped[$0] ?? mine[$0] }, communicator)
        guard !all.isEmpty else {
            throw DatasetError("\(paths.joined(separator: ", ")): is empty: there are no rows to read")
        }
        files = FileSet.withoutLoneHeaders(all)
        self.pipes = pipes
        try checkSizes(mine.joined().map { ($0.name, $0.byteCount) }, communicator)
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

    /// The same files, none of which is dealt out in parts: rows may then hold line ends within quotes.
    var inSequence: FileSet {
        var result = self
        for index in files.indices { result.files[index].isSequential = true }
        return result
    }

    /// Rank 0 has standard input, and a pipe is read by one. Collective.
    private static func pipes(among paths: [String], _ communicator: any Communicator) throws -> [Bool] {
        let isPiped = try decodeFromRankZero(paths.map { PipedInput.isPipe($0) }, communicator)
        let piped = paths.indices.filter { isPiped[$0] }.map { paths[$0] }
        guard Set(piped).count == piped.count else {
            throw DatasetError(
                "\(piped[0] == "-" ? "standard input (-)" : piped[0]) is given twice, and can be read once")
        }
        return isPiped
    }

    /// A part that holds the header of the others and no row is passed over.
    private static func withoutLoneHeaders(_ files: [DataFile]) -> [DataFile] {
        guard let whole = files.compactMap(\.layout).first(where: { $0.hasHeader && $0.loneLine == nil }) else {
            return files
        }
        return files.filter { $0.layout?.loneLine != whole.columns || $0.layout == whole }
    }

    /// The files that are meant. Spark and Hadoop write parts of no bytes; one among others is passed over, with its file of
    /// labels. Collective.
    private static func withoutEmptyParts(
        _ given: [String], _ options: ReadOptions, _ communicator: any Communicator
    ) throws -> (paths: [String], labels: [String]) {
        let paths = try expanded(given, communicator)
        let labels = try expanded(options.labels, communicator)
        guard labels.isEmpty || labels.count == paths.count else {
            throw DatasetError(
                "`labels` is given \(labels.count) times for \(paths.count) data files: "
                    + "give one file of labels for each, in the same order")
        }
        let mine = paths.map { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size == 0 ? 1 : 0
        }
        let isEmpty = try communicator.allreduce(mine, .minimum)
        guard isEmpty.contains(0) else { return (paths, labels) }
        let kept = paths.indices.filter { isEmpty[$0] == 0 }
        return (kept.map { paths[$0] }, labels.isEmpty ? [] : kept.map { labels[$0] })
    }

    /// Folders and patterns, as rank 0 sees them. Collective.
    private static func expanded(_ given: [String], _ communicator: any Communicator) throws -> [String] {
        let mine = try communicator.togetherOnData {
            communicator.rank == 0 ? try DataPaths.expanded(given) : []
        }
        let found = try decodeFromRankZero(mine == given ? [] : mine, communicator)
        return found.isEmpty ? given : found
    }

    private static func extent(_ array: ArrayTable) -> String {
        array.shape.map { "images of \($0)" } ?? "\(array.columns) features"
    }

    /// What a row means, where the files say so.
    var shape: SampleShape? { files[0].array?.shape }
    /// Values are whole numbers from 0 to 255 in every file.
    var holdsBytes: Bool { files.allSatisfy { $0.array?.holdsBytes ?? false } }

    /// A file that some ranks can open and others cannot is most likely on a disk of its own node: name the host.
    private static func agree(_ seen: Result<[[DataFile]], any Error>, _ communicator: any Communicator) throws {
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

    private func checkSizes(_ seen: [(name: String, bytes: Int)], _ communicator: any Communicator) throws {
        let sizes = [seen.count] + seen.map(\.bytes)
        let widest = try communicator.allreduce([sizes.count, -sizes.count], .maximum)
        guard widest[0] == -widest[1] else {
            throw DatasetError("the ranks see different files in the same places; use ones that all nodes share")
        }
        let extremes = try communicator.allreduce(sizes + sizes.map { -$0 }, .maximum)
        for (index, file) in seen.enumerated() where extremes[index + 1] != -extremes[sizes.count + index + 1] {
            let (most, least) = (extremes[index + 1], -extremes[sizes.count + index + 1])
            throw DatasetError(
                "\(file.name) has \(least) bytes on one rank and \(most) on another: "
                    + "the ranks see different files; use one that all nodes share")
        }
    }
}

/// Rank 0's value on every rank; the others' argument is ignored.
func decodeFromRankZero<T: Codable>(_ value: T?, _ communicator: any Communicator) throws -> T {
    let bytes = try communicator.together { communicator.rank == 0 ? Array(try JSONEncoder().encode(value)) : [] }
    return try JSONDecoder().decode(T.self, from: Data(try communicator.broadcast(bytes: bytes)))
}
