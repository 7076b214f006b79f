import Kernels

/// The memory that loading a table takes on one rank, against what the rank has.
///
/// At the peak a rank holds its share of the parsed rows (8 bytes a row for its offset and 8 for its label, 12 an
/// entry) and of the finished rows (dense: 4 bytes × features rounded up to 16; sparse: 8 an entry and 8 a row; labels
/// and norms 8 a row), and, whatever its share, buffers and a few vectors of one number per feature. Numbers of rows and
/// entries may be what a damaged header says: sums end at the largest Int.
public struct MemoryEstimate: Sendable, Equatable {
    public var rows: Int
    public var columns: Int
    public var nonZeros: Int
    public var hasWeights = false
    /// False when rows, columns and entries are extrapolated from a sample.
    public var isExact: Bool
    /// False when the rows are already in memory and only the finished ones come on top.
    public var includesParsing = true
    public var storage: StorageKind
    public var ranks: Int
    /// What one rank can have; the smallest over all ranks.
    public var available: Int

    /// N, D and entries; the storage follows from the density unless it is chosen.
    public init(
        rows: Int, columns: Int, nonZeros: Int, isExact: Bool, storage: StorageKind? = nil, ranks: Int, available: Int
    ) {
        self.rows = rows
        self.columns = columns
        self.nonZeros = nonZeros
        self.isExact = isExact
        let isDense = Double(nonZeros) >= AssemblyOptions.denseFrom * Double(rows) * Double(columns)
        self.storage = storage ?? (isDense ? .dense : .sparse)
        self.ranks = ranks
        self.available = available
    }

    /// Bytes of the parsed rows, over all ranks.
    public var parsedBytes: Int {
        rows.saturating(times: hasWeights ? 24 : 16).saturating(plus: nonZeros.saturating(times: 12))
    }

    /// Bytes of the finished rows, over all ranks.
    public var storedBytes: Int {
        let perRow = hasWeights ? 12 : 8
        switch storage {
        case .dense: return rows.saturating(times: 4 * DenseMatrix.stride(columns: columns) + perRow)
        case .sparse: return rows.saturating(times: 8 + perRow).saturating(plus: nonZeros.saturating(times: 8))
        }
    }

    /// Bytes that more ranks would share.
    public var sharedBytes: Int { storedBytes.saturating(plus: includesParsing ? parsedBytes : 0) }

    /// Bytes that every rank needs whatever its share.
    public var fixedBytes: Int { 64 << 20 + 100 * columns }

    public var bytesPerRank: Int { fixedBytes.saturating(plus: (sharedBytes - 1) / ranks + 1) }

    public var fits: Bool { bytesPerRank <= available }

    /// The smallest number of ranks, each with as much memory as these, that could hold the data; nil when none could.
    public var ranksNeeded: Int? {
        guard available > fixedBytes else { return nil }
        return max(1, (sharedBytes - 1) / (available - fixedBytes) + 1)
    }

    /// One line for people.
    public var line: String {
        let about = isExact ? "" : "about "
        let kind = storage == .dense ? "dense" : "sparse"
        return "memory: \(about)\(formatBytes(bytesPerRank)) per rank for \(about)\(rows) × \(columns) \(kind) rows "
            + "on \(ranks) rank\(ranks == 1 ? "" : "s"); \(formatBytes(available)) per rank available"
    }

    /// Throws `DatasetError` when the data does not fit, naming the number of ranks that would do.
    public func check() throws {
        guard !fits else { return }
        let remedy =
            if let needed = ranksNeeded {
                "use at least \(needed) ranks with as much memory each (more nodes, or fewer ranks on each)"
            } else {
                "give each rank more memory: not even an empty rank fits"
            }
        throw DatasetError(
            "the data needs \(isExact ? "" : "about ")\(formatBytes(bytesPerRank)) of memory on each of \(ranks) "
                + "rank\(ranks == 1 ? "" : "s"), but only \(formatBytes(available)) per rank are available: \(remedy)")
    }
}

/// "512 kB", "3.1 MB", "12.4 GB" (powers of 1000).
func formatBytes(_ bytes: Int) -> String {
    for (unit, name) in [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB")] where bytes >= unit {
        let tenths = (bytes / (unit / 20) + 1) / 2
        return tenths >= 1000 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
    }
    return "\((bytes + 500) / 1000) kB"
}
