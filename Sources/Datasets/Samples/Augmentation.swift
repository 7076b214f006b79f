/// Random variants of images: every draw shows a row shifted, cropped or mirrored in another way.
///
/// What a row looks like is a function of (seed, draw, position) only: the same at any number of ranks and at every
/// trial of one iteration. For training rows; predictions and validation see rows as they are.
public struct Augmentation: Sendable, Equatable {
    /// Shifts by up to so many pixels along each axis; pixels at the border are repeated.
    public var shift = 0
    /// Pads with so many zeros on every side and cuts an image of the old size out of it.
    public var crop = 0
    /// Mirrors left and right, every second time.
    public var flip = false
    public var seed: UInt64

    /// The stream of `SampleRandom` that augmentation uses.
    static let stream: UInt64 = 0

    public init(shift: Int = 0, crop: Int = 0, flip: Bool = false, seed: UInt64 = 0) {
        precondition(shift >= 0 && crop >= 0)
        self.shift = shift
        self.crop = crop
        self.flip = flip
        self.seed = seed
    }

    /// From "shift:2,flip,crop:4", in any order. Throws `DatasetError`.
    public init(_ text: String, seed: UInt64 = 0) throws {
        self.init(seed: seed)
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            let number = words.count == 2 ? Int(words[1]).flatMap { (1...1024).contains($0) ? $0 : nil } : nil
            switch (words[0], number) {
            case ("flip", nil) where words.count == 1: flip = true
            case ("shift", let number?): shift = number
            case ("crop", let number?): crop = number
            default:
                throw DatasetError(
                    "augmentation '\(part)' is not known: give shift:N, crop:N (N pixels) and flip, with commas between"
                )
            }
        }
    }

    /// As `init(_:seed:)` reads it.
    public var text: String {
        [shift > 0 ? "shift:\(shift)" : nil, crop > 0 ? "crop:\(crop)" : nil, flip ? "flip" : nil]
            .compactMap { $0 }.joined(separator: ",")
    }

    /// Throws `DatasetError` where rows of this shape cannot be augmented.
    func check(_ shape: SampleShape?) throws {
        guard let shape, shape.isImage else {
            throw DatasetError("augmentation is for images: state their shape with `inputShape` CxHxW, or do without")
        }
        let most = max(shift, crop)
        guard most < min(shape.height, shape.width) else {
            throw DatasetError("augmentation by \(most) pixels leaves nothing of images of \(shape): give less")
        }
    }

    /// Where the pixels of one variant come from: old = new + offset, clamped (`shift`) after it was cut (`crop`).
    struct Variant: Equatable {
        var shift = (x: 0, y: 0)
        var crop = (x: 0, y: 0)
        var isMirrored = false

        static func == (a: Variant, b: Variant) -> Bool {
            a.shift == b.shift && a.crop == b.crop && a.isMirrored == b.isMirrored
        }
    }

    func variant(position: Int, draw: UInt64) -> Variant {
        var random = SampleRandom(seed: seed, draw: draw, position: position, stream: Self.stream)
        var variant = Variant()
        if shift > 0 { variant.shift = (random.offset(within: shift), random.offset(within: shift)) }
        if crop > 0 { variant.crop = (random.offset(within: crop), random.offset(within: crop)) }
        if flip { variant.isMirrored = random.next() >> 63 == 1 }
        return variant
    }

    /// Writes the variant of one row that `draw` shows.
    ///
    /// - Parameters:
    ///   - row: `shape.count` features.
    ///   - position: the row's global position.
    ///   - target: `shape.count` features; not `row`.
    public func write(
        _ row: UnsafePointer<Float>, shape: SampleShape, position: Int, draw: UInt64,
        into target: UnsafeMutablePointer<Float>
    ) {
        let variant = variant(position: position, draw: draw)
        let (height, width) = (shape.height, shape.width)
        // Columns whose place after cropping lies in the image; of these, columns that need no clamping.
        let inside = max(0, -variant.crop.x)..<min(width, width - variant.crop.x)
        let offset = variant.crop.x + variant.shift.x
        let plain =
            min(
                max(inside.lowerBound, -offset), inside.upperBound)..<max(
                min(inside.upperBound, width - offset), inside.lowerBound)
        for line in 0..<shape.channels * height {
            let y = line % height
            let cropped = y + variant.crop.y
            let new = target + line * width
            guard cropped >= 0, cropped < height else {
                new.update(repeating: 0, count: width)
                continue
            }
            let old = row + (line - y + min(max(cropped + variant.shift.y, 0), height - 1)) * width
            new.update(repeating: 0, count: inside.lowerBound)
            (new + inside.lowerBound).update(repeating: old[0], count: plain.lowerBound - inside.lowerBound)
            (new + plain.lowerBound).update(from: old + plain.lowerBound + offset, count: plain.count)
            (new + plain.upperBound).update(repeating: old[width - 1], count: inside.upperBound - plain.upperBound)
            (new + inside.upperBound).update(repeating: 0, count: width - inside.upperBound)
            if variant.isMirrored {
                for x in 0..<width / 2 { (new[x], new[width - 1 - x]) = (new[width - 1 - x], new[x]) }
            }
        }
    }
}
