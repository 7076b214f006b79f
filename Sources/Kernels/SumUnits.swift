import CKernels

/// Sums of columns in a shorter form, for the wire: those of columns with few values as whole numbers of 32 bits, whose sums
/// over ranks are exact too.
public struct SumUnits: Sendable {
    /// Of each column what 1 is in its unit, a power of two; 0: the column's sums stay Double.
    public let perUnit: AlignedBuffer<Double>
    public let shortColumns: Int

    /// Bits of a whole number, its sign and one for roundings left out.
    private static let bits = 30

    /// The grid of a column whose sums of sizes are below 2^exponent, where they are to be whole numbers.
    public static func grid(exponent: Int) -> SumGrid { SumGrid(exponent: exponent + 51 - bits) }

    /// - Parameter exponents: those of the columns' grids; nil: the column's sums stay Double.
    public init(exponents: [Int?]) {
        perUnit = AlignedBuffer(
            exponents.map { $0.map { Double(sign: .plus, exponent: Self.bits - $0, significand: 1) } ?? 0 })
        shortColumns = exponents.count { $0 != nil }
    }

    /// - Returns: false where a sum was no such number (not finite).
    public func shorten(
        _ sums: UnsafePointer<Double>, classes: Int, into units: UnsafeMutablePointer<Int32>,
        others: UnsafeMutablePointer<Double>
    ) -> Bool {
        ck_to_units(perUnit.count, classes, sums, perUnit.pointer, units, others) == 0
    }

    public func lengthen(
        _ units: UnsafePointer<Int32>, others: UnsafePointer<Double>, classes: Int,
        into sums: UnsafeMutablePointer<Double>
    ) {
        ck_from_units(perUnit.count, classes, units, others, perUnit.pointer, sums)
    }

    public func isShort(_ column: Int) -> Bool { perUnit.pointer[column] != 0 }

    /// The sums of short columns, those of `list`, one after the other.
    /// - Returns: false where a sum was no such number (not finite).
    public func pack(
        _ list: AlignedBuffer<Int32>, of sums: UnsafePointer<Double>, classes: Int,
        into units: UnsafeMutablePointer<Int32>
    ) -> Bool {
        ck_pack_units(list.count, list.pointer, classes, sums, perUnit.pointer, units) == 0
    }

    /// Adds them to sums whose column 0 would stand at `sums`.
    public func add(
        _ units: AlignedBuffer<Int32>, of list: AlignedBuffer<Int32>, classes: Int,
        to sums: UnsafeMutablePointer<Double>
    ) {
        ck_add_units(list.count, list.pointer, classes, units.pointer, perUnit.pointer, sums)
    }
}

/// Sums of some columns as they are.
public enum SumColumns {
    /// Writes the sums of `columns`, from `sums` for those of `list` and 0 for others. Both begin where column 0 would stand.
    public static func place(
        _ list: AlignedBuffer<Int32>, among columns: Range<Int>, of sums: UnsafePointer<Double>, classes: Int,
        into target: UnsafeMutablePointer<Double>
    ) {
        ck_place_columns(columns.lowerBound, columns.upperBound, list.count, list.pointer, classes, sums, target)
    }

    /// The sums of the columns of `list`, one after the other.
    public static func pack(
        _ list: AlignedBuffer<Int32>, of sums: UnsafePointer<Double>, classes: Int,
        into packed: UnsafeMutablePointer<Double>
    ) {
        ck_pack_columns(list.count, list.pointer, classes, sums, packed)
    }

    /// Adds them to sums whose column 0 would stand at `sums`.
    public static func add(
        _ packed: AlignedBuffer<Double>, of list: AlignedBuffer<Int32>, classes: Int,
        to sums: UnsafeMutablePointer<Double>
    ) {
        ck_add_columns(list.count, list.pointer, classes, packed.pointer, sums)
    }
}
