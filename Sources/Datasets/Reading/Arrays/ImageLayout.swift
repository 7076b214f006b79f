/// How the elements of one record become the features of one row.
struct ImageLayout: Codable, Sendable, Equatable {
    /// Elements as they are stored: rows × columns, rows × columns × channels or channels × rows × columns.
    enum Order: String, Codable, Sendable { case planes, pixels }

    /// As stored.
    var stored: SampleShape
    var order: Order
    /// As read: with zeros around it where it was asked for larger.
    var shape: SampleShape

    /// From the extents of one record: H × W, H × W × C or C × H × W.
    ///
    /// - Parameter wanted: `--input-shape`; it may be higher and wider than the images, which then get zeros on all sides.
    /// - Throws: `ParseError`: three extents of which none can be told to be the channels; another shape than wanted.
    init(_ extents: [Int], wanted: SampleShape?, file: String) throws {
        let shown = extents.map(String.init).joined(separator: " × ")
        if extents.count == 2 {
            stored = SampleShape(channels: 1, height: extents[0], width: extents[1])
            order = .planes
        } else {
            let planes = SampleShape(channels: extents[0], height: extents[1], width: extents[2])
            let pixels = SampleShape(channels: extents[2], height: extents[0], width: extents[1])
            let order = Self.order(planes, pixels, wanted)
            guard let order else {
                throw ParseError(
                    file: file,
                    message: "it cannot be told which extent of \(shown) counts the channels: say so with "
                        + "`inputShape` \(planes) or `inputShape` \(pixels)")
            }
            self.order = order
            stored = order == .planes ? planes : pixels
        }
        shape = wanted ?? stored
        guard shape.channels == stored.channels, shape.height >= stored.height, shape.width >= stored.width else {
            throw ParseError(
                file: file,
                message: "holds images of \(shown) values, not of \(shape) (channels, height, width): give "
                    + "`inputShape` \(stored), or larger to put zeros around them")
        }
    }

    private static func order(_ planes: SampleShape, _ pixels: SampleShape, _ wanted: SampleShape?) -> Order? {
        if let wanted {
            let fits = [planes, pixels].map {
                $0.channels == wanted.channels && $0.height <= wanted.height && $0.width <= wanted.width
            }
            if fits[0] != fits[1] { return fits[0] ? .planes : .pixels }
        }
        let few = 1...4
        switch (few.contains(planes.channels), few.contains(pixels.channels)) {
        case (true, false): return .planes
        case (false, true): return .pixels
        default: return wanted == nil ? nil : .planes
        }
    }

    /// For every feature that is stored, in ascending order: the feature and its element.
    var cells: [(feature: Int32, element: Int32)] {
        let top = (shape.height - stored.height) / 2
        let left = (shape.width - stored.width) / 2
        return (0..<stored.count).map { index in
            let (x, y) = (index % stored.width, index / stored.width % stored.height)
            let channel = index / (stored.width * stored.height)
            let feature = (channel * shape.height + y + top) * shape.width + x + left
            let element = order == .planes ? index : (y * stored.width + x) * stored.channels + channel
            return (Int32(feature), Int32(element))
        }
    }
}
