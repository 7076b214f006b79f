import MPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Rows and where they came from: file number, and place in the file (byte offset, or row for arrays).
struct ParsedBlock {
    var file: Int
    var offset: Int
    var block: RowBlock
}

/// Global row numbers in the order of the files, whoever parsed what.
struct RowNumbering {
    /// One per local block.
    let firstRows: [Int]
    let firstRowOfFile: [Int]

    /// Collective.
    init(_ blocks: [ParsedBlock], files: Int, communicator: any Communicator) throws {
        struct Key: Hashable {
            var file: Int
            var offset: Int
        }
        let mine = blocks.flatMap { [$0.file, $0.offset, $0.block.rows] }
        let all = try communicator.allgather(arrays: mine).flatMap { list in
            stride(from: 0, to: list.count, by: 3).map {
                (key: Key(file: list[$0], offset: list[$0 + 1]), rows: list[$0 + 2])
            }
        }
        var first: [Key: Int] = [:]
        var firstOfFile = [Int](repeating: 0, count: files + 1)
        var row = 0
        let mineOnly = Set(blocks.map { Key(file: $0.file, offset: $0.offset) })
        for entry in all.sorted(by: { ($0.key.file, $0.key.offset) < ($1.key.file, $1.key.offset) }) {
            if mineOnly.contains(entry.key) { first[entry.key] = row }
            row += entry.rows
            firstOfFile[entry.key.file + 1] += entry.rows
        }
        for file in 0..<files { firstOfFile[file + 1] += firstOfFile[file] }
        firstRows = blocks.map { first[Key(file: $0.file, offset: $0.offset)] ?? 0 }
        firstRowOfFile = Array(firstOfFile.dropLast())
    }
}

/// Combines every rank's value; all ranks get the result of merging in rank order. Collective.
func mergeFromAll<T: Codable>(
    _ value: T, _ communicator: any Communicator, _ merge: (inout T, T) -> Void
) throws -> T {
    if communicator.size == 1 { return value }
    let bytes = try communicator.together { Array(try JSONEncoder().encode(value)) }
    let all = try communicator.allgather(bytes: bytes).map { try JSONDecoder().decode(T.self, from: Data($0)) }
    var result = all[0]
    for other in all.dropFirst() { merge(&result, other) }
    return result
}
