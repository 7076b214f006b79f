import Testing

@testable import Datasets

/// Element types of NumPy beyond plain numbers.
@Suite struct ArrayTypeTests {
    private func rows(_ descr: String, _ data: [UInt8]) throws -> [[Double]] {
        let folder = try ScratchFolder()
        let path = try folder.write("a.npy", NPYTests.npy(descr, shape: "(2, 3)", data: data))
        return Table.dense(try ArrayTable(path: path, options: NPYTests.predicting).read(0..<2))
    }

    @Test func bigEndianNumbers() throws {
        let wanted = [[1.0, -2, 3], [0, 5, -6]]
        let flat = wanted.flatMap { $0 }
        #expect(try rows(">f8", flat.flatMap { ArrayBytes.bigEndian($0.bitPattern) }) == wanted)
        #expect(try rows(">f4", flat.flatMap { ArrayBytes.bigEndian(Float($0).bitPattern) }) == wanted)
        #expect(try rows(">i2", flat.flatMap { ArrayBytes.bigEndian(Int16($0)) }) == wanted)
        #expect(try rows(">i8", flat.flatMap { ArrayBytes.bigEndian(Int64($0)) }) == wanted)
    }

    /// Largest, smallest, subnormal, one third, both zeros.
    @Test func halfPrecision() throws {
        let bits: [UInt16] = [0x7BFF, 0x0400, 0x0001, 0x3555, 0x8000, 0xC000]
        let wanted = [[65504.0, 0x1p-14, 0x1p-24], [0.333251953125, 0, -2]]
        #expect(try rows("<f2", bits.flatMap { ArrayBytes.littleEndian($0) }) == wanted)
        #expect(try rows(">f2", bits.flatMap { ArrayBytes.bigEndian($0) }) == wanted)
        let infinite: [UInt16] = [0x7C00, 0, 0, 0, 0, 0]
        #expect(
            message { _ = try rows("<f2", infinite.flatMap { ArrayBytes.littleEndian($0) }) }.contains("inf is not a"))
    }

    /// Each remedy was tried with NumPy.
    @Test(arguments: [
        ("|O", "array.astype(str)"), ("<c16", "complex numbers"), ("|V2", ".view(ml_dtypes.bfloat16).astype('<f4')"),
        ("<f16", "save array.astype('<f8')"), ("<M8[ns]", "array.astype('<i8')"), ("|S", "is not supported"),
        ("<U0", "is not supported"), ("|O8", "Python objects"), ("|string", "not supported"),
    ]) func otherTypesAreRefusedWithARemedy(descr: String, remedy: String) {
        let found = message { _ = try rows(descr, [UInt8](repeating: 0, count: 96)) }
        #expect(found.contains("element type '\(descr)'") && found.contains(remedy), "\(found)")
    }

    @Test func structuredTypesAreRefused() throws {
        let folder = try ScratchFolder()
        let text = "{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (2,), }"
        let path = try folder.write(
            "a.npy",
            NPYHeader.magic + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
                + [UInt8](repeating: 0, count: 16))
        #expect(message { _ = try DataFile(path: path) }.contains("a table of named fields"))
    }

    @Test func textIsNoFeature() {
        #expect(
            message { _ = try rows("<U1", [UInt8](repeating: 0, count: 24)) }.contains("holds texts; rows are numbers"))
    }
}
