import MPI
import TestSupport
import Testing

@testable import Datasets

/// Sparse matrices as SciPy writes them, sound and damaged.
@Suite struct SparseTests {
    private struct Parts {
        var format = "csr"
        var shape: [Int64] = [4, 5]
        var offsets: [Int32] = [0, 2, 2, 5, 6]
        var indices: [Int32] = [1, 3, 4, 0, 2, 4]
        var values: [Float] = [1, 2, 3, 4, 5, 6]
        var names = ("indptr.npy", "indices.npy")

        func bytes(deflated: Bool) -> [UInt8] {
            func list(_ descr: String, _ count: Int, _ data: [UInt8]) -> [UInt8] {
                NPYTests.npy(descr, shape: "(\(count),)", data: data)
            }
            return ArrayBytes.zip(
                [
                    (names.1, list("<i4", indices.count, NPYTests.bytes(indices))),
                    (names.0, list("<i4", offsets.count, NPYTests.bytes(offsets))),
                    ("format.npy", NPYTests.npy("|S\(format.utf8.count)", shape: "()", data: Array(format.utf8))),
                    ("shape.npy", list("<i8", shape.count, NPYTests.bytes(shape))),
                    ("data.npy", list("<f4", values.count, NPYTests.bytes(values))),
                ], deflated: deflated)
        }
    }

    private func outcome(_ parts: Parts, deflated: Bool, ranks: Int) throws -> (rows: [[Double]], message: String) {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.npz", bytes: parts.bytes(deflated: deflated))
        let options = NPYTests.predicting
        let found = ThreadCommunicator.run(ranks: ranks) { communicator in
            try DistributedTable.read([path], options: options, communicator: communicator).blocks
                .map { ($0.firstRow, Table.dense($0)) }
        }
        let errors = found.compactMap { if case .failure(let error) = $0 { "\(error)" } else { nil } }
        #expect(errors.isEmpty || errors.count == ranks && Set(errors).count == 1)
        guard errors.isEmpty else { return ([], errors[0]) }
        return (try found.flatMap { try $0.get() }.sorted { $0.0 < $1.0 }.flatMap(\.1), "")
    }

    private static let dense: [[Double]] = [[0, 1, 0, 2, 0], [0, 0, 0, 0, 0], [4, 0, 5, 0, 3], [0, 0, 0, 0, 6]]

    @Test(arguments: [false, true], [1, 2, 3, 6]) func rowsOfEveryLayout(deflated: Bool, ranks: Int) throws {
        #expect(try outcome(Parts(), deflated: deflated, ranks: ranks).rows == Self.dense)
        let csc = Parts(
            format: "csc", offsets: [0, 1, 2, 3, 4, 6], indices: [2, 0, 2, 0, 3, 2], values: [4, 1, 5, 2, 6, 3])
        #expect(try outcome(csc, deflated: deflated, ranks: ranks).rows == Self.dense)
        let coo = Parts(
            format: "coo", offsets: [3, 0, 2, 2, 0, 2], indices: [4, 3, 2, 0, 1, 4], values: [6, 2, 5, 4, 1, 3],
            names: ("row.npy", "col.npy"))
        #expect(try outcome(coo, deflated: deflated, ranks: ranks).rows == Self.dense)
    }

    /// Entries of one place are summed in the precision of their type; what sums to zero is none.
    @Test(arguments: ["csr", "coo"]) func repeatedEntriesAreSummed(format: String) throws {
        var parts = Parts(offsets: [0, 3, 3, 5, 6], indices: [3, 1, 3, 2, 2, 4], values: [1, 9, 0x1p-24, 7, -7, 0])
        if format == "coo" {
            parts.offsets = [0, 0, 0, 2, 2, 3]
            parts.format = "coo"
            parts.names = ("row.npy", "col.npy")
        }
        let rows = try outcome(parts, deflated: false, ranks: 2).rows
        #expect(rows == [[0, 9, 0, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    }

    @Test(arguments: [false, true], [1, 3]) func damagedOnesAreRefusedByRow(deflated: Bool, ranks: Int) throws {
        func found(_ change: (inout Parts) -> Void) throws -> String {
            var parts = Parts()
            change(&parts)
            return try outcome(parts, deflated: deflated, ranks: ranks).message
        }
        #expect(try found { $0.indices[3] = 5 }.contains("row 3: an entry is in column 5, and columns are 0 to 4"))
        #expect(try found { $0.indices[0] = -1 }.contains("row 1: an entry is in column -1"))
        #expect(try found { $0.values[5] = .nan }.contains("row 4, column 5: nan is not a finite number"))
        for (place, value) in [(0, 1), (1, 6), (2, 7), (3, -1), (4, 99), (4, 2)] {
            let text = try found { $0.offsets[place] = Int32(value) }
            #expect(text.contains("the matrix is damaged") || text.contains("do not ascend"), "\(place): \(text)")
        }
        #expect(try found { $0.offsets.removeLast() }.contains("has 4 numbers, not 5"))
        #expect(try found { $0.values.removeLast() }.contains("6 indices and 5 values"))
        #expect(try found { $0.shape = [4, 1 << 40] }.contains("has shape (4, 1099511627776)"))
        #expect(try found { $0.shape = [4] }.contains("has shape (4)"))
        #expect(try found { $0.format = "bsr" }.contains("in the format 'bsr'; csr, csc and coo are read"))
        #expect(try found { $0.names.0 = "other.npy" }.contains("has the arrays indptr and indices"))
    }

    /// Chunks of a few bytes: rows longer than one, and empty ones between them.
    @Test func chunksHaveWholeRows() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.npz", bytes: Parts().bytes(deflated: false))
        let file = try DataFile(path: path, options: NPYTests.predicting)
        let table = try #require(file.sparse)
        let parser = try SparseParser(table)
        for size in [1, 20, 40, 1000] {
            var rows: [[Double]] = []
            for bytes in [0..<17, 17..<60, 60..<table.matrix.dealtBytes] {
                let reader = try SparseReader(table.matrix, bytes: bytes, chunkSize: size, pool: ChunkPool())
                while let chunk = try reader.next() {
                    #expect(chunk.offset == rows.count)
                    rows += Table.dense(try parser.parse(chunk))
                }
            }
            #expect(rows == Self.dense)
        }
    }
}
