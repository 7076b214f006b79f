import Glibc

@testable import Datasets

/// A folder of its own that goes away with it.
final class ScratchFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/crescendo-reading-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ParseError(file: "/tmp", message: "no scratch folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink(path + "/" + name)
        }
        closedir(folder)
        rmdir(path)
    }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw ParseError(file: file, message: "cannot write")
        }
        return file
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }
}

/// The text of the error `body` throws.
func message(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch {
        return "\((error as? ParseError)?.resolved() ?? error)"
    }
}

extension TextReader {
    func all() throws -> [TextChunk] {
        var chunks: [TextChunk] = []
        while let chunk = try next() { chunks.append(chunk) }
        return chunks
    }
}

/// Rows as (label, [(column, value)]), free of how blocks were cut.
struct PlainRow: Equatable {
    var label: Double
    var entries: [Int: Double]
    var weight: Double?
}

extension RowBlock {
    var plainRows: [PlainRow] {
        if isDense { return compressed().plainRows }
        return (0..<rows).map { row in
            let range = rowOffsets[row]..<rowOffsets[row + 1]
            return PlainRow(
                label: labels[row],
                entries: Dictionary(range.map { (Int(columns[$0]), values[$0]) }, uniquingKeysWith: { a, _ in a }),
                weight: weights.isEmpty ? nil : weights[row])
        }
    }
}
