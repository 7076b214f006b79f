import CKernels

/// One sample's image as the matrix whose product with the weights is its convolution.
///
/// The matrix has channels · kernel.height · kernel.width rows (channel, then row and column of the kernel) and a column
/// for each place; with weights of filters × rows, weights · matrix is the image of the next layer, one plane a filter.
/// Rows are `stride` values apart, so that several samples can stand side by side in one product.
public enum Convolution {
    /// Rows of the matrix.
    public static func rows(_ window: WindowShape, channels: Int) -> Int {
        channels * window.kernel.height * window.kernel.width
    }

    /// column[(c, i, j), place] = x[c, row and column under (i, j)], 0 in the padding. Planes of x are packed unless
    /// `channelStride` tells their distance.
    public static func columns(
        _ window: WindowShape, channels: Int, _ x: UnsafePointer<Float>, channelStride: Int? = nil,
        into column: UnsafeMutablePointer<Float>, stride: Int, with kernels: KernelSet = .current
    ) {
        var geometry = window.geometry
        kernels.layers.pointee.im2col(
            &geometry, channels, x, channelStride ?? window.height * window.width, column, stride)
    }

    /// x += the transpose of `columns` applied to the matrix: the gradient of the image from that of the matrix.
    public static func addColumns(
        _ window: WindowShape, channels: Int, _ column: UnsafePointer<Float>, stride: Int,
        to x: UnsafeMutablePointer<Float>, channelStride: Int? = nil, with kernels: KernelSet = .current
    ) {
        var geometry = window.geometry
        kernels.layers.pointee.col2im(
            &geometry, channels, column, stride, x, channelStride ?? window.height * window.width)
    }
}
