import CMPI

/// Element types that travel through MPI.
public protocol MPIElement: BitwiseCopyable, Sendable {
    static var elementType: ElementType { get }
}

extension Float: MPIElement { public static var elementType: ElementType { .float } }
extension Double: MPIElement { public static var elementType: ElementType { .double } }
extension Int: MPIElement { public static var elementType: ElementType { .int64 } }
extension Int32: MPIElement { public static var elementType: ElementType { .int32 } }
/// Sums are modulo 2³².
extension UInt32: MPIElement { public static var elementType: ElementType { .uint32 } }
extension UInt8: MPIElement { public static var elementType: ElementType { .uint8 } }

/// The MPI datatypes in use.
public enum ElementType: Sendable {
    case float, double, int64, int32, uint32, uint8

    var datatype: MPI_Datatype {
        switch self {
        case .float: shim_float()
        case .double: shim_double()
        case .int64: shim_int64()
        case .int32: shim_int32()
        case .uint32: shim_uint32()
        case .uint8: shim_uint8()
        }
    }

    /// Bytes of one element.
    var stride: Int {
        switch self {
        case .double, .int64: 8
        case .float, .int32, .uint32: 4
        case .uint8: 1
        }
    }
}

/// How `allreduce` combines the ranks' elements.
public enum ReductionOperation: Sendable {
    case sum, minimum, maximum

    var handle: MPI_Op {
        switch self {
        case .sum: shim_sum()
        case .minimum: shim_min()
        case .maximum: shim_max()
        }
    }
}
