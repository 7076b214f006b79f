import CKernels

/// Sums of gradients in whole numbers: each addend becomes the nearest whole multiple of a unit, and Int32 additions have no
/// rounding, so that the sum is the same in any order, on any number of threads and ranks. The unit (see
/// `SumGrid.unit`) is so large that the sizes of all addends together fit.
public enum WholeSums {
    /// sums += x in units, for a vector that one sample adds; returns Σ x² and max |x| (NaN if one is).
    public static func add(
        count: Int, _ x: UnsafePointer<Float>, unit: Float, to sums: UnsafeMutablePointer<Int32>,
        with kernels: KernelSet = .current
    ) -> (squares: Double, largest: Float) {
        var largest: Float = 0
        let squares = kernels.layers.pointee.add_units(count, x, 1 / unit, sums, &largest)
        return (squares, largest)
    }

    /// sums[j, c] += Σ_i x[i, j] δ[i, c] in units: the gradient of a dense layer's weights. What is rounded is the Float sum of a
    /// group of samples.
    ///
    /// - Parameters:
    ///   - groups: where each group of samples ends; a group is of at most 64.
    ///   - x: rows of `inputs` values.
    ///   - delta: rows of `outputs` values.
    public static func addOuterProduct(
        groups: UnsafeBufferPointer<Int32>, inputs: Int, _ x: FloatRows, outputs: Int, _ delta: FloatRows, unit: Float,
        to sums: UnsafeMutablePointer<Int32>, with kernels: KernelSet = .current
    ) {
        guard let ends = groups.baseAddress else { return }
        kernels.layers.pointee.outer_product(
            ends, groups.count, inputs, x.pointer, x.stride, outputs, delta.pointer, delta.stride, 1 / unit, sums)
    }

    /// sums += others.
    public static func add(
        count: Int, _ others: UnsafePointer<Int32>, to sums: UnsafeMutablePointer<Int32>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.sum_units(count, others, sums)
    }

    /// values = unit · sums, each rounded once; they may be the same memory.
    public static func values(
        count: Int, _ sums: UnsafePointer<Int32>, unit: Float, into values: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.from_units(count, sums, unit, values)
    }
}
