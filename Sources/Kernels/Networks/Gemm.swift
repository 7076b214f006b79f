import COpenBLAS

/// Rows of Floats, `stride` apart: a matrix, or the values of consecutive samples.
public struct FloatRows: @unchecked Sendable {
    // Unchecked Sendable: a view; its owner sees to it that writers are alone.
    public let pointer: UnsafeMutablePointer<Float>
    public let stride: Int

    public init(_ pointer: UnsafeMutablePointer<Float>, stride: Int) {
        self.pointer = pointer
        self.stride = stride
    }

    public func row(_ index: Int) -> UnsafeMutablePointer<Float> { pointer + index * stride }

    public func from(_ index: Int) -> FloatRows { FloatRows(row(index), stride: stride) }
}

/// Products of row-major Float matrices, by OpenBLAS. One thread each: the callers are the threads.
public enum Gemm {
    /// C = op(A) op(B), or C += op(A) op(B); op(A) is m × k, op(B) k × n, C m × n. op transposes where asked.
    public static func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ a: FloatRows, _ b: FloatRows, transposingA: Bool = false,
        transposingB: Bool = false, into c: FloatRows, adding: Bool = false
    ) {
        guard m > 0, n > 0 else { return }
        _ = isSingleThreaded
        cblas_sgemm(
            CblasRowMajor, transposingA ? CblasTrans : CblasNoTrans, transposingB ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), 1, a.pointer, blasint(a.stride), b.pointer, blasint(b.stride),
            adding ? 1 : 0, c.pointer, blasint(c.stride))
    }

    /// The library and its version, in two words.
    public static var libraryVersion: String {
        guard let text = openblas_get_config() else { return "unknown" }
        return String(cString: text).split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// Once, before the first product: OpenBLAS would start as many threads as there are processors.
    private static let isSingleThreaded: Bool = {
        openblas_set_num_threads(1)
        return true
    }()
}
