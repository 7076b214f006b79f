/// What a stored schema must hold for its positions to be used.
extension TableSchema {
    /// What does not fit together; nil: all does.
    public var fault: String? {
        let places = [label.position] + columns.map(\.position) + ids + [weight].compactMap { $0 }
        guard places.allSatisfy(fileColumns.indices.contains) else {
            return "a column of its table lies outside of it"
        }
        for column in columns {
            if case .date(let parts) = column.kind, !parts.isSound {
                return "the parts of the dates of column '\(column.name)' are none of the calendar"
            }
            if case .numeric(let mean) = column.kind, !mean.isFinite {
                return "the mean of column '\(column.name)' is not finite"
            }
        }
        return nil
    }
}

extension Standardization {
    /// Whether there is a mean and a scale for every column where the kind has them, and each can be used.
    public func fits(columns: Int) -> Bool {
        let isCentred = kind != .maxabs && kind != .unit && kind != .none
        return mean.count == (isCentred ? columns : 0) && scale.count == (kind == .none ? 0 : columns)
            && mean.allSatisfy(\.isFinite) && scale.allSatisfy { $0 > 0 && $0.isFinite }
    }
}
