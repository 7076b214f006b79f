/// Keeps the rows of a chunk while it is looked through, as long as they hold numbers and gaps, and numbers or texts as labels:
/// a table of those is read once. Gaps stay NaN until it is known what they become.
struct RowKeeper {
    /// What stands for a value that cannot be kept.
    static let other = Double.infinity

    private let label: Int
    private let weight: Int?
    /// Where the features are in the file, neighbours together.
    private let runs: [Range<Int>]
    private let width: Int
    private let capacity: Int
    private var block = RowBlock()
    private var names: [String: Int] = [:]
    private var areText: Bool?
    private var nonZeros = 0

    /// - Parameters:
    ///   - positions: of the features, the label and the weight in the file.
    ///   - rows: more than there are.
    init(features positions: [Int], label: Int, weight: Int?, rows: Int) {
        (self.label, self.weight, width) = (label, weight, positions.count)
        var runs: [Range<Int>] = []
        for position in positions {
            if let last = runs.last, last.upperBound == position {
                runs[runs.count - 1] = last.lowerBound..<position + 1
            } else {
                runs.append(position..<position + 1)
            }
        }
        self.runs = runs
        // A table may have no features: it is looked through nevertheless.
        capacity = max(1, rows * width)
        block.labels.reserveCapacity(rows)
    }

    /// Runs `body` with room for all rows, and makes them a block; nil where one could not be kept.
    mutating func collect(
        _ body: (inout RowKeeper, UnsafeMutablePointer<Double>) throws(CSVFault) -> Bool
    ) throws(CSVFault) -> RowBlock? {
        var isKept = false
        var fault: CSVFault?
        let values = [Double](unsafeUninitializedCapacity: capacity) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            do throws(CSVFault) {
                isKept = try body(&self, base)
            } catch {
                fault = error
            }
            count = isKept ? block.labels.count * width : 0
        }
        if let fault { throw fault }
        guard isKept else { return nil }
        block.columnCount = width
        block.setDense(values, nonZeros: nonZeros)
        return block
    }

    /// Takes one row from the values of its fields; false: it cannot be kept. `text`: what the label is where it is no number.
    @inline(__always)
    mutating func add(
        _ fields: UnsafePointer<Double>, to values: UnsafeMutablePointer<Double>, text: () -> String
    ) -> Bool {
        let label = fields[label]
        let isText = label == Self.other
        if let areText, areText != isText { return false }
        areText = isText
        guard !label.isNaN else { return false }
        var target = values + block.labels.count * width
        var found = 0
        var sum = 0.0
        for run in runs {
            let source = fields + run.lowerBound
            for index in 0..<run.count {
                // −0 is 0.
                let value = source[index] + 0
                target[index] = value
                found &+= value == 0 ? 0 : 1
                // Stays finite or NaN but for what is infinite.
                sum = max(sum, value)
            }
            target += run.count
        }
        guard sum < Self.other else { return false }
        nonZeros += found
        if let weight {
            guard fields[weight] < Self.other else { return false }
            block.weights.append(fields[weight])
        }
        block.labels.append(isText ? Double(number(of: text())) : label)
        return true
    }

    private mutating func number(of name: String) -> Int {
        if let known = names[name] { return known }
        names[name] = block.labelNames.count
        block.labelNames.append(name)
        return block.labelNames.count - 1
    }
}

extension TableSchema {
    /// Whether rows that a scan kept are what `CSVPass` would make of their text: all columns are numbers, and the labels what
    /// the other rows say they are.
    func suits(_ kept: [RowBlock]) -> Bool {
        columns.allSatisfy { if case .numeric = $0.kind { $0.form == nil } else { false } }
            && label.form == nil
            && kept.allSatisfy { $0.rows == 0 || $0.labelNames.isEmpty == (label.names == nil) }
    }
}

extension RowBlock {
    /// What a scan kept, as `CSVPass` makes rows of the text: with the means and indicators of gaps.
    ///
    /// - Parameter positions: of the columns that were kept, in the table.
    func settled(_ schema: TableSchema, positions: [Int]) -> RowBlock {
        var settled = self
        settled.columnCount = schema.featureCount
        if schema.columns.map(\.position) == positions, !schema.columns.contains(where: \.hasIndicator) {
            return settled
        }
        let rows = isDense ? compressed() : self
        let places = RowBlock.places(of: schema)
        let wanted = positions.map { places[$0] }
        (settled.isDense, settled.zeros) = (false, 0)
        (settled.columns, settled.values, settled.rowOffsets) = ([], [], [0])
        settled.columns.reserveCapacity(rows.values.count)
        settled.values.reserveCapacity(rows.values.count)
        var gaps = positions.map { _ in 0 }
        func put(_ column: Int, _ value: Double) {
            guard value != 0 else { return }
            settled.columns.append(Int32(truncatingIfNeeded: column))
            settled.values.append(value)
        }
        for row in 0..<rows.rows {
            for entry in rows.rowOffsets[row]..<rows.rowOffsets[row + 1] {
                let kept = Int(rows.columns[entry])
                guard let place = wanted[kept] else { continue }
                guard rows.values[entry].isNaN else {
                    put(place.first, rows.values[entry])
                    continue
                }
                gaps[kept] += 1
                put(place.first, place.mean)
                if place.hasIndicator { put(place.first + 1, 1) }
            }
            settled.rowOffsets.append(settled.columns.count)
        }
        for (kept, count) in gaps.enumerated() where count > 0 {
            if let name = wanted[kept]?.name { settled.tally.imputed[name] = count }
        }
        return settled
    }

    private struct Place {
        var name: String
        var first: Int
        var mean: Double
        var hasIndicator: Bool
    }

    /// What columns of numbers become, by their positions.
    private static func places(of schema: TableSchema) -> [Int: Place] {
        var first = 0
        var places: [Int: Place] = [:]
        for column in schema.columns {
            if case .numeric(let mean) = column.kind {
                places[column.position] = Place(
                    name: column.name, first: first, mean: mean, hasIndicator: column.hasIndicator)
            }
            first += column.width
        }
        return places
    }
}
