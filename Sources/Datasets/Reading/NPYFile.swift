/// A two-dimensional NumPy array on disk, read by rows.
public struct NPYFile: Sendable {
    public let path: String
    public let rows: Int
    /// Number of features: the array's columns without the label column.
    public let columns: Int

    /// Throws `ParseError`. `options.label` names the label column, `options.labelsFile` a file with one label per row.
    public init(path: String, options: ReadOptions) throws {
        throw ParseError(file: path, message: "NPY files cannot be read yet")
    }

    /// Rows `range` as dense rows without their zeros.
    public func read(_ range: Range<Int>) throws -> RowBlock {
        throw ParseError(file: path, message: "NPY files cannot be read yet")
    }
}

enum NPYHeader {
    static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
}
