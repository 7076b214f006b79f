/// What the columns of a table mean: made once from pass 1 over the training data, stored in the model, used for
/// every later file.
public struct TableSchema: Codable, Sendable, Equatable {
    public struct Column: Codable, Sendable, Equatable {
        public enum Kind: Codable, Sendable, Equatable {
            /// One feature; missing values become the mean of the others.
            case numeric(mean: Double)
            /// One feature per category (1 where it applies, else 0), in the order of their UTF-8 bytes.
            case text(categories: [String])
        }
        public var name: String
        /// Place in the training file, from 0.
        public var position: Int
        public var kind: Kind
        /// A last feature says (1) that the value is missing.
        public var hasIndicator: Bool
    }
    public struct Label: Codable, Sendable, Equatable {
        public var name: String
        public var position: Int
        /// Text labels in the order of their UTF-8 bytes (the row's label is an index into them); nil for numbers.
        public var names: [String]?
    }

    public var columns: [Column]
    public var label: Label
    public var weight: String?
    public var ids: [String]
    public var dropped: [String]
    /// Columns of the training file, in order, and whether they were named by a header.
    public var fileColumns: [String]
    public var hasHeader: Bool
    /// Training rows.
    public var rows: Int
    /// What was done, for people: one sentence each.
    public var description: [String]

    /// From the scan of all training rows. Throws `ParseError`: a category limit passed, a column that mixes numbers
    /// and stray text, no label column, no feature left.
    public init(scan: CSVScan, options: ReadOptions) throws {
        throw ParseError(file: scan.layout.file, message: "CSV files cannot be read yet")
    }

    /// Number of features a row becomes.
    public var featureCount: Int { featureNames.count }

    /// One per feature: "age", "age is missing", "city=Paris".
    public var featureNames: [String] {
        columns.flatMap { column in
            let indicator = column.hasIndicator ? ["\(column.name) is missing"] : []
            switch column.kind {
            case .numeric: return [column.name] + indicator
            case .text(let categories): return categories.map { "\(column.name)=\($0)" } + indicator
            }
        }
    }
}
