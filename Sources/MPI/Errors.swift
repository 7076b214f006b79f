import CMPI

// Chapter "MPI Environmental Management: Error Handling". Every communicator has MPI_ERRORS_RETURN set.

/// A call into MPI that failed, with MPI's own words.
public struct MPIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The MPI function that returned the code.
    public let function: String
    /// The implementation's error code.
    public let code: Int32
    /// MPI's text for the code.
    public let text: String

    public var description: String { "\(function) failed: \(text) (MPI error code \(code))" }

    /// int MPI_Error_string(int errorcode, char *string, int *resultlen)
    init(function: String, code: Int32) {
        self.function = function
        self.code = code
        self.text = mpiString(capacity: shim_max_error_string()) { MPI_Error_string(code, $0, $1) } ?? "unknown error"
    }
}

/// Throws unless `code` is MPI_SUCCESS.
@inline(__always)
func check(_ code: Int32, _ function: StaticString) throws {
    if code != shim_success() { throw MPIError(function: function.description, code: code) }
}

/// A string that MPI writes into a buffer of the caller's; nil when the call fails.
func mpiString(
    capacity: Int32, _ call: (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<Int32>?) -> Int32
) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(capacity) + 1) { buffer in
        buffer.initialize(repeating: 0)
        var length: Int32 = 0
        guard call(buffer.baseAddress, &length) == shim_success() else { return nil }
        return String(decoding: buffer.prefix(Int(length)).lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
