import Platform

/// A data file that cannot be read: which file, which line, what is wrong and what to do about it.
///
/// A reader in the middle of a file knows the line only relative to its chunk; `resolved()` counts the lines before it.
public struct ParseError: Error, Codable, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    /// 1-based line within the chunk; nil when the whole file is at fault.
    public var lineInChunk: Int?
    /// Where the chunk starts in the file's (decompressed) bytes.
    public var chunkOffset: Int
    /// 1-based line number of the chunk's first line, where known.
    public var firstLine: Int?
    /// 1-based row, of a table whose rows are no lines.
    public var row: Int?
    /// What is wrong and the remedy, without file and line.
    public var message: String

    public init(file: String, message: String) {
        self.file = file
        self.message = message
        chunkOffset = 0
    }

    public init(chunk: TextChunk, lineInChunk: Int, message: String) {
        file = chunk.file
        self.lineInChunk = lineInChunk
        chunkOffset = chunk.offset
        firstLine = chunk.firstLine
        self.message = message
    }

    /// 1-based line number in the file, where known.
    public var line: Int? {
        guard let lineInChunk, let firstLine else { return nil }
        return firstLine + lineInChunk - 1
    }

    /// The same error with its line number known: counts the line ends before the chunk where that is still to be done.
    public func resolved() -> ParseError {
        guard lineInChunk != nil, firstLine == nil,
            let file = try? InputFile(path: file), let before = try? file.lineEnds(before: chunkOffset)
        else { return self }
        var result = self
        result.firstLine = before + 1
        return result
    }

    public var description: String { text.printable }

    private var text: String {
        if let row { return "\(file): row \(row): \(message)" }
        if let line { return "\(file):\(line): \(message)" }
        if let lineInChunk { return "\(file): line \(lineInChunk) after byte \(chunkOffset): \(message)" }
        return "\(file): \(message)"
    }
}
