import MPI

/// What every rank may use, and the decision that follows from it.
public struct MemoryBudget: Sendable {
    /// Bytes per rank that the user allows; nil: what the nodes have.
    let limit: Int?
    let communicator: any Communicator
    private let ranksOnNode: Int

    /// Collective.
    public init(limit: Int?, communicator: any Communicator) throws {
        self.limit = limit
        self.communicator = communicator
        guard limit == nil else {
            ranksOnNode = 1
            return
        }
        let node = try communicator.splitBySharedMemory()
        ranksOnNode = node.size
        try (node as? MPICommunicator)?.free()
    }

    /// Bytes that this rank can still take in while it holds `bytes`.
    public func room(beside bytes: Int) -> Int {
        limit.map { max(0, $0 - bytes) } ?? share
    }

    /// What the node and the limits of this process leave this rank.
    private var share: Int { min(AvailableMemory().bytes / ranksOnNode, AvailableMemory.addressSpace) }

    /// Bytes a rank can still have: the smallest share on any node. Collective.
    private func available() throws -> Int {
        if let limit { return limit }
        return try communicator.allreduce(share, .minimum)
    }

    /// The estimate for a table, in the storage it will have: dense rows that do not fit are kept sparse where that
    /// fits. Collective; throws when nothing fits.
    ///
    /// - Parameters:
    ///   - storage: the user's choice; nil: by density.
    ///   - isParsed: the rows are in memory already, and the numbers exact.
    func estimate(
        rows: Int, columns: Int, nonZeros: Int, hasWeights: Bool, storage: StorageKind?, isParsed: Bool
    ) throws -> MemoryEstimate {
        var estimate = MemoryEstimate(
            rows: rows, columns: columns, nonZeros: nonZeros, isExact: isParsed, storage: storage,
            ranks: communicator.size, available: try available())
        estimate.hasWeights = hasWeights
        // A limit counts everything; what the node has left no longer includes the parsed rows.
        estimate.includesParsing = !isParsed || limit != nil
        if !estimate.fits, storage == nil, estimate.storage == .dense {
            var sparse = estimate
            sparse.storage = .sparse
            if sparse.fits { estimate = sparse }
        }
        try estimate.check()
        return estimate
    }

    /// Before anything is read: an estimate from a sample that rank 0 takes. Nil where the data cannot be sampled.
    func estimate(
        before set: FileSet, options: ReadOptions, schema: TableSchema?, storage: StorageKind?
    ) throws -> MemoryEstimate? {
        var numbers = [0.0, 0, 0, 0, 0]
        if communicator.rank == 0, let sample = DataSample(set, options: options, schema: schema) {
            numbers = [1, sample.rows, sample.nonZeros, Double(sample.columns), sample.hasWeights ? 1 : 0]
        }
        try numbers.withUnsafeMutableBufferPointer { try communicator.broadcast($0, root: 0) }
        guard numbers[0] == 1 else { return nil }
        return try estimate(
            rows: Int(saturating: numbers[1]), columns: Int(numbers[3]), nonZeros: Int(saturating: numbers[2]),
            hasWeights: numbers[4] == 1, storage: storage, isParsed: false)
    }
}
