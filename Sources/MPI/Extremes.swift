/// Minima and maxima of floating-point numbers, taken of integers in the same order.
///
/// MPI leaves open what MPI_MIN and MPI_MAX make of NaN. Ranks then end up with different results, and with different
/// decisions. Here NaN wins: where one rank has it, all get it.
enum Extremes {
    /// What travels in place of the numbers.
    static func carrier(of type: ElementType) -> ElementType {
        switch type {
        case .double: .int64
        case .float: .int32
        case .int64, .int32, .uint32, .uint8: type
        }
    }

    /// Replaces numbers by integers in their order, −0 below 0; NaN lies beyond the end that `operation` looks for.
    static func encode<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation) {
        let isMinimum = operation == .minimum
        switch T.elementType {
        case .double:
            replace(buffer) { (number: Double) in
                let bits = Int64(bitPattern: number.bitPattern)
                return number.isNaN ? (isMinimum ? .min : .max) : bits ^ ((bits >> 63) & .max)
            }
        case .float:
            replace(buffer) { (number: Float) in
                let bits = Int32(bitPattern: number.bitPattern)
                return number.isNaN ? (isMinimum ? .min : .max) : bits ^ ((bits >> 31) & .max)
            }
        case .int64, .int32, .uint32, .uint8: break
        }
    }

    /// The way back, on which both ends of the integers are NaN.
    static func decode<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>) {
        switch T.elementType {
        case .double:
            replace(buffer) { (key: Int64) in Double(bitPattern: UInt64(bitPattern: key ^ ((key >> 63) & .max))) }
        case .float:
            replace(buffer) { (key: Int32) in Float(bitPattern: UInt32(bitPattern: key ^ ((key >> 31) & .max))) }
        case .int64, .int32, .uint32, .uint8: break
        }
    }

    /// In place; `Old` and `New` are as long as `T`.
    private static func replace<T, Old: BitwiseCopyable, New: BitwiseCopyable>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ convert: (Old) -> New
    ) {
        guard let base = buffer.baseAddress else { return }
        let bytes = UnsafeMutableRawPointer(base)
        for offset in stride(from: 0, to: buffer.count * MemoryLayout<Old>.stride, by: MemoryLayout<Old>.stride) {
            bytes.storeBytes(
                of: convert(bytes.load(fromByteOffset: offset, as: Old.self)), toByteOffset: offset, as: New.self)
        }
    }
}
