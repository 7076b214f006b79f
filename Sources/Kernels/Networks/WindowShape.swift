import CKernels

/// The places of a kernel on a plane: place (i, j) starts at row i · stride − padding, and so for columns.
public struct WindowShape: Sendable, Equatable {
    public let height: Int
    public let width: Int
    public let kernel: (height: Int, width: Int)
    public let stride: (height: Int, width: Int)
    public let padding: (height: Int, width: Int)
    /// Places: ⌊(height + 2 padding − kernel) / stride⌋ + 1, and so for the width.
    public let outHeight: Int
    public let outWidth: Int

    public var places: Int { outHeight * outWidth }

    /// nil where the kernel is larger than the padded plane, where a size or stride is not positive, or where padding
    /// is negative or so large that a place would lie outside the plane.
    public init?(
        height: Int, width: Int, kernel: (height: Int, width: Int), stride: (height: Int, width: Int) = (1, 1),
        padding: (height: Int, width: Int) = (0, 0)
    ) {
        guard height > 0, width > 0, kernel.height > 0, kernel.width > 0, stride.height > 0, stride.width > 0,
            padding.height >= 0, padding.width >= 0, padding.height < kernel.height, padding.width < kernel.width,
            kernel.height <= height + 2 * padding.height, kernel.width <= width + 2 * padding.width
        else { return nil }
        self.height = height
        self.width = width
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        outHeight = (height + 2 * padding.height - kernel.height) / stride.height + 1
        outWidth = (width + 2 * padding.width - kernel.width) / stride.width + 1
    }

    public static func == (a: WindowShape, b: WindowShape) -> Bool {
        a.height == b.height && a.width == b.width && a.kernel == b.kernel && a.stride == b.stride
            && a.padding == b.padding
    }

    var geometry: ck_window {
        ck_window(
            height: height, width: width, kernel_height: kernel.height, kernel_width: kernel.width,
            stride_height: stride.height, stride_width: stride.width, padding_height: padding.height,
            padding_width: padding.width, out_height: outHeight, out_width: outWidth)
    }
}
