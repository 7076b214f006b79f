import Kernels

/// Everything a cache knows about a data set but its rows: where it came from, and how its rows were put in order.
struct CacheDescription: Codable, Equatable {
    /// A data file as it was when it was read.
    struct Source: Codable, Equatable {
        /// Absolute, links resolved.
        var path: String
        var bytes: Int
        /// Times of the last change, of the contents and of anything: seconds and nanoseconds. The first may be set to what
        /// one likes, as tar and rsync do.
        var modified: [Int]
        var changed: [Int]
        /// Its number on the file system: another one is another file.
        var inode: Int
    }

    /// The number of features, rows and so on of `DistributedTable`.
    struct Table: Codable, Equatable {
        var rows: Int
        var columns: Int
        var nonZeros: Int
        var labelNames: [String]
        var hasWeights: Bool
        var format: DataFile.Format
        var schema: TableSchema?
        var sampleShape: SampleShape?
        var identifierNames: [String]
        var firstRowOfFile: [Int]
        /// What was done in reading, for people.
        var notes: [String]
        /// See `DataDigest`.
        var digest: String?

        var density: Double { Double(nonZeros) / (Double(rows) * Double(columns)) }
    }

    var sources: [Source]
    var reading: ReadOptions
    var table: Table
    /// Which rows are kept for validation and in which order they all are.
    var seed: UInt64
    var validationFraction: Double
    var standardization: StandardizationKind
    /// Of labels that are not listed: how they are scaled.
    var labelScale: LabelScale?
    /// What was done in scaling, for people.
    var scalingNotes: [String]
    /// Numbers in `CacheFile.numbers`: of the labels, the means, the scales, the column squares.
    var numberCounts: [Int]
    var layout: CacheLayout
}

/// Where a cache keeps its rows: one section per rank that wrote it, each starting on a page and holding that rank's
/// training rows and then its validation rows, array after array on multiples of 64 bytes.
struct CacheLayout: Codable, Equatable {
    static let page = 4096

    var storage: StorageKind
    var columns: Int
    var hasWeights: Bool
    /// Rows of the training and the validation part, over all ranks.
    var rows: [Int]
    /// Per rank and part: stored entries (0 for dense storage).
    var entries: [[Int]]
    var blockSize: Int

    var ranks: Int { entries.count }

    func order(part: Int, rank: Int) -> DataOrder {
        DataOrder(count: rows[part], ranks: ranks, rank: rank, blockSize: blockSize)
    }

    /// Byte ranges of a part's arrays within its section.
    struct Arrays {
        /// Dense: the matrix; sparse: the values.
        var values: Range<Int>
        var rowOffsets: Range<Int>
        var columnIndices: Range<Int>
        var labels: Range<Int>
        var weights: Range<Int>
        var squaredNorms: Range<Int>

        var all: [Range<Int>] { [rowOffsets, columnIndices, values, labels, weights, squaredNorms] }
    }

    /// An equal share of all rows for each of `ranks` ranks that did not write them: consecutive rows of some sections.
    func share(ranks: Int, rank: Int) -> [(part: Int, writer: Int, rows: Range<Int>)] {
        var all: [(part: Int, writer: Int, rows: Int)] = []
        for part in rows.indices {
            for writer in 0..<self.ranks { all.append((part, writer, order(part: part, rank: writer).localCount)) }
        }
        return LineDealer.shares(of: all.map(\.rows), ranks: ranks, rank: rank).map {
            (all[$0.item].part, all[$0.item].writer, $0.range)
        }
    }

    /// The arrays of both parts, and the length of the section.
    func section(rank: Int) -> (parts: [Arrays], length: Int) {
        var place = 0
        func take(_ bytes: Int) -> Range<Int> {
            let start = place
            place = (start + bytes + 63) / 64 * 64
            return start..<start + bytes
        }
        let parts = rows.indices.map { part in
            let count = order(part: part, rank: rank).localCount
            let isSparse = storage == .sparse
            let entryCount = entries[rank][part]
            return Arrays(
                values: take(4 * (isSparse ? entryCount : count * DenseMatrix.stride(columns: columns))),
                rowOffsets: take(isSparse ? 8 * (count + 1) : 0), columnIndices: take(isSparse ? 4 * entryCount : 0),
                labels: take(4 * count), weights: take(hasWeights ? 4 * count : 0), squaredNorms: take(4 * count))
        }
        return (parts, (place + Self.page - 1) / Self.page * Self.page)
    }

    /// First byte of every rank's section within the rows' part of the file, and the length of it all.
    var sectionStarts: [Int] {
        (0..<ranks).reduce(into: [0]) { $0.append($0[$1] + section(rank: $1).length) }
    }

    /// The sections' checksums are taken of pieces of this many bytes, counted from the start of each section.
    static let piece = 1 << 20

    /// Pieces of all sections in order: byte ranges within the rows' part of the file.
    func pieces(ranks: Range<Int>) -> [Range<Int>] {
        let starts = sectionStarts
        return ranks.flatMap { rank in
            stride(from: starts[rank], to: starts[rank + 1], by: Self.piece).map {
                $0..<min($0 + Self.piece, starts[rank + 1])
            }
        }
    }
}
