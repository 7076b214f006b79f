import Datasets
import Testing

@Suite struct NPYHeadTests {
    /// The bytes that numpy.save writes.
    @Test func isWhatNumPyWrites() {
        let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"
        let expected =
            [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(dictionary.utf8)
            + [UInt8](repeating: 0x20, count: 58) + [0x0A]
        #expect(expected.count == 128)
        #expect(NPYHead.bytes(.float32, rows: 3, columns: 2) == expected)
    }

    @Test(arguments: [(0, 1), (1, 1), (581_012, 2), (1_000_000_000_000, 10_000)])
    func hasTheShape(rows: Int, columns: Int) {
        for element in [NPYHead.Element.float32, .float64] {
            let bytes = NPYHead.bytes(element, rows: rows, columns: columns)
            #expect(bytes.count % 64 == 0)
            let text = String(decoding: bytes.dropFirst(10), as: UTF8.self)
            #expect(text.contains("'shape': (\(rows), \(columns)), }"))
            #expect(text.contains("'descr': '\(element.rawValue)'"))
        }
    }
}
