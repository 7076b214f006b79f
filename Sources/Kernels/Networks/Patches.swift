import CKernels

/// Convolution place by place, for layers whose places are then pooled.
///
/// A patch is the values under one place of the kernel as a row: (channel, row, column of the kernel), padded with zeros
/// to a multiple of 16. Products of patches with the filters have a row per place and a column per filter, as pooling
/// over places in vectors of channels likes it. Behind the maximum of a window all but one of its places have no
/// gradient, so what goes back is a short list of places per channel, or of channels per place: the gradient of the
/// weights is a sum of the listed patches, and the gradient of a patch a sum of the listed filters.
public struct Patches: Sendable, Equatable {
    public let window: WindowShape
    public let channels: Int
    public let filters: Int
    /// Values of a patch, and those with its padding.
    public let length: Int
    public let stride: Int
    /// Filters, and places for them in a row of their product.
    public let filterStride: Int

    public init(_ window: WindowShape, channels: Int, filters: Int) {
        self.window = window
        self.channels = channels
        self.filters = filters
        length = Convolution.rows(window, channels: channels)
        stride = (length + 15) / 16 * 16
        filterStride = (filters + 15) / 16 * 16
    }

    /// Floats of one sample's patches.
    public var count: Int { window.places * stride + 16 }
    /// Floats of scratch memory for `cut` and `paste`.
    public var scratchCount: Int {
        channels * (window.height + 2 * window.padding.height) * (window.width + 2 * window.padding.width) + 16
    }

    /// The patches of x (packed planes): places × `stride`.
    public func cut(
        _ x: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, into patches: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        var geometry = window.geometry
        kernels.layers.pointee.patches(&geometry, channels, x, window.height * window.width, scratch, patches, stride)
    }

    /// x = the transpose of `cut` applied to rows of patches: each value of x is the sum of those cut from it.
    public func paste(
        _ patches: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, into x: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        var geometry = window.geometry
        kernels.layers.pointee.patches_back(
            &geometry, channels, patches, stride, scratch, x, window.height * window.width)
    }

    /// Weights (filters × length) in the order that `product` reads them: length · filterStride values.
    public func pack(
        _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.pack_filters(filters, length, weights, packed)
    }

    /// out[place, filter] = patch · filter: places × `filterStride`; what is beyond the filters means nothing.
    public func product(
        _ patches: UnsafePointer<Float>, packed: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.filter_product(
            window.places, length, filters, patches, stride, packed, out, filterStride)
    }

    /// y[filter, window] = bias + the largest of the places under the window (NaN if one is), index its number; packed.
    public func pool(
        _ product: UnsafePointer<Float>, by pooling: WindowShape, bias: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>, index: UnsafeMutablePointer<Int32>, with kernels: KernelSet = .current
    ) {
        var geometry = pooling.geometry
        kernels.layers.pointee.pool_rows(&geometry, filters, product, filterStride, bias, y, index)
    }

    /// out (filters × length) = Σ over listed places of δ · patch, for each filter: one sample's gradient. Patches have zeros
    /// beyond their length.
    public func weightGradient(
        _ lists: PooledLists, patches: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.listed_product(
            filters, lists.filterStarts, lists.filterPlaces, lists.filterValues, patches, stride, out, length, length)
    }

    /// patches[place] = Σ over listed filters of δ · filter. `weights` has rows of `stride` values.
    public func gradient(
        _ lists: PooledLists, weights: UnsafePointer<Float>, into patches: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.listed_product(
            window.places, lists.placeStarts, lists.placeFilters, lists.placeValues, weights, stride, patches, stride,
            stride)
    }
}

/// The derivatives by one sample's pooled values that are not zero, listed by filter and by place.
public struct PooledLists {
    fileprivate let filterStarts: UnsafeMutablePointer<Int32>
    fileprivate let filterPlaces: UnsafeMutablePointer<Int32>
    fileprivate let filterValues: UnsafeMutablePointer<Float>
    fileprivate let placeStarts: UnsafeMutablePointer<Int32>
    fileprivate let placeFilters: UnsafeMutablePointer<Int32>
    fileprivate let placeValues: UnsafeMutablePointer<Float>
    private let filters: Int
    private let windows: Int
    private let places: Int

    /// Floats of memory for the lists.
    public static func count(filters: Int, windows: Int, places: Int) -> Int {
        filters + 1 + places + 1 + 4 * filters * windows
    }

    public init(filters: Int, windows: Int, places: Int, memory: UnsafeMutablePointer<Float>) {
        self.filters = filters
        self.windows = windows
        self.places = places
        let entries = filters * windows
        filterValues = memory
        placeValues = memory + entries
        let numbers = UnsafeMutableRawPointer(memory + 2 * entries).assumingMemoryBound(to: Int32.self)
        filterPlaces = numbers
        placeFilters = numbers + entries
        filterStarts = numbers + 2 * entries
        placeStarts = filterStarts + filters + 1
    }

    /// Lists δ (filters × windows) with the places that `Patches.pool` chose; `byPlace` only where the lists by place
    /// are wanted.
    public func fill(
        _ delta: UnsafePointer<Float>, index: UnsafePointer<Int32>, byPlace: Bool, with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.pool_lists(
            filters, windows, delta, index, places, filterStarts, filterPlaces, filterValues,
            byPlace ? placeStarts : nil, byPlace ? placeFilters : nil, byPlace ? placeValues : nil)
    }
}
