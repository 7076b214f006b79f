import CKernels

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

/// Products of row-major Float matrices, on the thread that asks.
///
/// Every element is one sum in the order of k, each step a fused multiply-add (but for the baseline set): the same bits with
/// AVX2 and AVX-512, for a sample alone and among others.
public enum Gemm {
    /// C = op(A) op(B), or C += op(A) op(B); op(A) is m × k, op(B) k × n, C m × n. op transposes where asked.
    public static func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ a: FloatRows, _ b: FloatRows, transposingA: Bool = false,
        transposingB: Bool = false, into c: FloatRows, adding: Bool = false, with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.matrix_product(
            m, n, k, a.pointer, transposingA ? 1 : a.stride, transposingA ? a.stride : 1, b.pointer,
            transposingB ? 1 : b.stride, transposingB ? b.stride : 1, c.pointer, c.stride, adding ? 1 : 0)
    }
}
