import CKernels

/// The largest value, or the mean, under each place of a window. Images are planes, one per channel.
public enum Pooling {
    /// y[s, c, place] = the largest value under the place (NaN if one is NaN), packed; index (nil: not wanted) = its
    /// position in its plane, the first of equals.
    ///
    /// - Parameter source: distances between the samples and between the channels of x.
    public static func max(
        _ window: WindowShape, samples: Int, channels: Int, _ x: UnsafePointer<Float>,
        source: (sample: Int, channel: Int), into y: UnsafeMutablePointer<Float>,
        index: UnsafeMutablePointer<Int32>?, with kernels: KernelSet = .current
    ) {
        var geometry = window.geometry
        kernels.layers.pointee.max_pool(&geometry, samples, channels, x, source.sample, source.channel, y, index)
    }

    /// dx = 0, then dx[s, c, index] += δ[s, c, place]. Every value of the planes is written.
    public static func maxBackward(
        _ window: WindowShape, samples: Int, channels: Int, delta: UnsafePointer<Float>, index: UnsafePointer<Int32>,
        into dx: UnsafeMutablePointer<Float>, target: (sample: Int, channel: Int), with kernels: KernelSet = .current
    ) {
        var geometry = window.geometry
        kernels.layers.pointee.max_pool_back(
            &geometry, samples, channels, delta, index, dx, target.sample, target.channel)
    }

    /// y[plane, place] = the mean of the values under the place that are in the plane (padding does not count).
    public static func average(
        _ window: WindowShape, planes: Int, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        var geometry = window.geometry
        kernels.layers.pointee.average_pool(&geometry, planes, x, y)
    }

    /// dx = the transpose of `average` applied to δ. dx is not δ.
    public static func averageBackward(
        _ window: WindowShape, planes: Int, delta: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        var geometry = window.geometry
        kernels.layers.pointee.average_pool_back(&geometry, planes, delta, dx)
    }
}
