/// A two-dimensional NumPy array on disk, read by rows, with its labels: a column of it or a second array.
public struct NPYFile: Sendable {
    public let path: String
    public let rows: Int
    /// Number of features: the array's columns without the label column.
    public let columns: Int
    /// Bytes of one row on disk.
    public let bytesPerRow: Int
    private let labelsPath: String?
    private let labelColumn: Int?

    /// Throws `ParseError`: not a two-dimensional array of a supported type, no label or two of them, another number of
    /// labels than rows. With `allowMissingLabels`, labels may be left out.
    public init(path: String, options: ReadOptions) throws {
        let reader = try NPYReader(path: path)
        let shape = reader.header.shape
        guard shape.count == 2, shape[0] > 0, shape[1] > 0 else {
            throw ParseError(
                file: path,
                message: "has shape (\(shape.map(String.init).joined(separator: ", "))); "
                    + "a two-dimensional array of rows × columns is needed: array.reshape(len(array), -1)")
        }
        guard shape[1] < Int(Int32.max) else {
            throw ParseError(file: path, message: "has more than \(Int32.max) columns")
        }
        if options.weight != nil || !options.drop.isEmpty || !options.id.isEmpty {
            throw ParseError(file: path, message: "--weight, --drop and --id are for CSV files; this is an NPY file")
        }
        self.path = path
        rows = shape[0]
        bytesPerRow = shape[1] * reader.header.element.size
        labelsPath = options.labelsFile
        if let given = options.label {
            guard options.labelsFile == nil else {
                throw ParseError(file: path, message: "--label and --labels-file both give the labels; keep one")
            }
            let names = (1...shape[1]).map(String.init)
            labelColumn = try ColumnReference(file: path, columns: names).position(given, option: "--label")
        } else {
            labelColumn = nil
        }
        columns = shape[1] - (labelColumn == nil ? 0 : 1)
        guard columns > 0 else { throw ParseError(file: path, message: "there is no column left to be a feature") }
        if let labels = options.labelsFile {
            try NPYFile.checkLabels(labels, rows: rows, path)
        } else if labelColumn == nil, !options.allowMissingLabels {
            throw ParseError(
                file: path,
                message: "which labels? Give --label NUMBER for a column of the array "
                    + "(1 … \(shape[1]), -1 the last) or --labels-file FILE.npy with one label per row")
        }
    }

    private static func checkLabels(_ labels: String, rows: Int, _ path: String) throws {
        let shape = try NPYReader(path: labels).header.shape
        guard shape.count == 1 || shape.count == 2 && shape[1] == 1 else {
            throw ParseError(file: labels, message: "has \(shape.count) dimensions; one label per row is needed")
        }
        guard shape[0] == rows else {
            throw ParseError(file: labels, message: "has \(shape[0]) labels, but \(path) has \(rows) rows")
        }
    }

    /// Rows `range` of the array, without their zeros. Throws `ParseError`: a value or label that is not finite.
    public func read(_ range: Range<Int>) throws -> RowBlock {
        var block = RowBlock()
        block.columnCount = columns
        block.labels = Array(repeating: .nan, count: range.count)
        let reader = try NPYReader(path: path)
        if reader.header.isFortran {
            try readColumns(reader, range, into: &block)
        } else {
            try readRows(reader, range, into: &block)
        }
        if let labelsPath {
            try NPYReader(path: labelsPath).forEach(range) { row, _, value in
                guard value.isFinite else { throw notFinite(labelsPath, range.lowerBound + row, nil, value) }
                block.labels[row] = value
            }
        }
        return block
    }

    private func notFinite(_ file: String, _ row: Int, _ column: Int?, _ value: Double) -> ParseError {
        let place = column.map { ", column \($0 + 1)" } ?? ""
        return ParseError(file: file, message: "row \(row + 1)\(place): \(value) is not a finite number; mend this row")
    }

    private func readRows(_ reader: NPYReader, _ range: Range<Int>, into block: inout RowBlock) throws {
        let capacity = range.count * columns
        let indices = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
        let values = UnsafeMutablePointer<Double>.allocate(capacity: capacity)
        var count = 0
        defer {
            indices.deallocate()
            values.deallocate()
        }
        block.rowOffsets.reserveCapacity(range.count + 1)
        let last = reader.columns - 1
        let label = labelColumn ?? .max
        try reader.forEach(range) { row, column, value in
            guard value.isFinite else { throw notFinite(path, range.lowerBound + row, column, value) }
            if column == label {
                block.labels[row] = value
            } else if value != 0 {
                indices[count] = Int32(truncatingIfNeeded: column < label ? column : column - 1)
                values[count] = value
                count += 1
            }
            if column == last { block.rowOffsets.append(count) }
        }
        block.columns = Array(UnsafeBufferPointer(start: indices, count: count))
        block.values = Array(UnsafeBufferPointer(start: values, count: count))
    }

    /// Fortran order comes column by column: into a dense table first.
    private func readColumns(_ reader: NPYReader, _ range: Range<Int>, into block: inout RowBlock) throws {
        let label = labelColumn ?? .max
        var table = [Double](repeating: 0, count: range.count * columns)
        var count = 0
        try reader.forEach(range) { row, column, value in
            guard value.isFinite else { throw notFinite(path, range.lowerBound + row, column, value) }
            if column == label {
                block.labels[row] = value
            } else if value != 0 {
                table[row * columns + (column < label ? column : column - 1)] = value
                count += 1
            }
        }
        block.columns.reserveCapacity(count)
        block.values.reserveCapacity(count)
        for row in 0..<range.count {
            for column in 0..<columns where table[row * columns + column] != 0 {
                block.columns.append(Int32(truncatingIfNeeded: column))
                block.values.append(table[row * columns + column])
            }
            block.rowOffsets.append(block.columns.count)
        }
    }
}
