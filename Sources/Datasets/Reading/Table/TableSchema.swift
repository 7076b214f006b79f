/// What the columns of a table mean: made once from pass 1 over the training data, stored in the model, used for
/// every later file.
public struct TableSchema: Codable, Sendable, Equatable {
    public struct Column: Codable, Sendable, Equatable {
        public enum Kind: Codable, Sendable, Equatable {
            /// One feature; missing values become the mean of the others.
            case numeric(mean: Double)
            /// One feature per category (1 where it applies, else 0), in the order of their UTF-8 bytes.
            case text(categories: [String])
            /// A trend, and 0/1 features for parts of the calendar.
            case date(DateParts)
        }
        public var name: String
        /// Place in the training file, from 0.
        public var position: Int
        public var kind: Kind
        /// A last feature says (1) that the value is missing.
        public var hasIndicator: Bool
        /// Text: behind the categories one feature for all other values; nil: none, as in models of before.
        public var sharesOthers: Bool?
        /// Numbers: how they are written where they are no plain ones.
        public var form: NumberForm?

        /// Number of features it becomes.
        public var width: Int {
            switch kind {
            case .numeric: 1 + (hasIndicator ? 1 : 0)
            case .date(let parts): parts.width + (hasIndicator ? 1 : 0)
            case .text(let categories): categories.count + (sharesOthers == true ? 1 : 0) + (hasIndicator ? 1 : 0)
            }
        }
    }

    public struct Label: Codable, Sendable, Equatable {
        public var name: String
        public var position: Int
        /// Text labels in the order of their UTF-8 bytes (the row's label is an index into them); nil for numbers.
        public var names: [String]?
        /// Numbers: how they are written where they are no plain ones.
        public var form: NumberForm?
    }

    /// A column that is no part of the model, though nothing else asked for it.
    public struct LeftOut: Codable, Sendable, Equatable {
        public var name: String
        public var reason: String

        public init(name: String, reason: String) { (self.name, self.reason) = (name, reason) }
    }

    /// The columns that become features, in file order.
    public var columns: [Column]
    public var label: Label
    /// Positions of the weight column and of the identifiers in `fileColumns`.
    public var weight: Int?
    public var ids: [Int]
    /// Columns of the training file, in order, and whether a header named them.
    public var fileColumns: [String]
    public var hasHeader: Bool
    /// What stands for a missing value.
    public var missing: [String]
    /// Training rows, those of a validation split included.
    public var rows: Int
    /// nil: a model of before, which does not say.
    public var leftOut: [LeftOut]?
    /// What was done, for people: one sentence each.
    public var description: [String]

    /// Number of features a row becomes.
    public var featureCount: Int { columns.reduce(0) { $0 + $1.width } }

    /// The features of each column.
    public var featureRanges: [Range<Int>] {
        var start = 0
        return columns.map { column in
            defer { start += column.width }
            return start..<start + column.width
        }
    }

    /// One per feature: "age", "age is missing", "city=Paris".
    public var featureNames: [String] {
        columns.flatMap { column in
            let indicator = column.hasIndicator ? ["\(column.name) is missing"] : []
            switch column.kind {
            case .numeric: return [column.name] + indicator
            case .date(let parts): return parts.names.map { column.name + $0 } + indicator
            case .text(let categories):
                let others = column.sharesOthers == true ? ["\(column.name) is another"] : []
                return categories.map { "\(column.name)=\($0)" } + others + indicator
            }
        }
    }
}
