import Testing

@testable import Datasets

@Suite struct AugmentationTests {
    private let shape = SampleShape(channels: 2, height: 5, width: 7)

    /// Pixel by pixel: mirrored, then cut out of the padded image, then moved with repeated borders.
    private func slow(_ row: [Float], _ variant: Augmentation.Variant) -> [Float] {
        (0..<shape.count).map { index in
            let (channel, y, x) = (index / 35, index / 7 % 5, index % 7)
            let cut = (x: (variant.isMirrored ? 6 - x : x) + variant.crop.x, y: y + variant.crop.y)
            guard (0..<7).contains(cut.x), (0..<5).contains(cut.y) else { return 0 }
            let moved = (x: min(max(cut.x + variant.shift.x, 0), 6), y: min(max(cut.y + variant.shift.y, 0), 4))
            return row[channel * 35 + moved.y * 7 + moved.x]
        }
    }

    private func write(_ augmentation: Augmentation, _ row: [Float], position: Int, draw: UInt64) -> [Float] {
        var target = [Float](repeating: .nan, count: row.count)
        augmentation.write(row, shape: shape, position: position, draw: draw, into: &target)
        return target
    }

    @Test(arguments: ["flip", "shift:2", "crop:3", "shift:4,flip", "shift:3,crop:4,flip"])
    func isThatOfPixelByPixel(text: String) throws {
        let row = (1...70).map { Float($0) }
        let augmentation = try Augmentation(text, seed: 3)
        try augmentation.check(shape)
        var seen = Set<[Float]>()
        for position in 0..<40 {
            for draw in UInt64(0)..<5 {
                let result = write(augmentation, row, position: position, draw: draw)
                #expect(result == slow(row, augmentation.variant(position: position, draw: draw)))
                #expect(result == write(augmentation, row, position: position, draw: draw))
                seen.insert(result)
            }
        }
        #expect(seen.count >= (text == "flip" ? 2 : 20))
    }

    /// Every offset and both sides come up equally often, whatever the seed, draw and position count through.
    @Test func variantsAreEven() throws {
        var counts: [Int: Int] = [:]
        var mirrored = 0
        for seed in UInt64(0)..<4 {
            let augmentation = try Augmentation("shift:2,flip", seed: seed)
            for position in 0..<100 {
                for draw in UInt64(0)..<10 {
                    let variant = augmentation.variant(position: position, draw: draw)
                    counts[variant.shift.x * 5 + variant.shift.y, default: 0] += 1
                    mirrored += variant.isMirrored ? 1 : 0
                }
            }
        }
        #expect(counts.count == 25 && counts.values.allSatisfy { (100...220).contains($0) })
        #expect((1900...2100).contains(mirrored))
    }

    @Test func readsItsOwnText() throws {
        for text in ["flip", "shift:2", "shift:2,crop:4,flip"] { #expect(try Augmentation(text).text == text) }
        for text in ["", "flop", "shift", "shift:0", "shift:x", "flip:2", "shift:2,,flip", "crop:-1"] {
            #expect(throws: DatasetError.self) { try Augmentation(text) }
        }
        #expect(throws: DatasetError.self) { try Augmentation("crop:5").check(shape) }
        #expect(throws: DatasetError.self) { try Augmentation("flip").check(.features(10)) }
        #expect(throws: DatasetError.self) { try Augmentation("flip").check(nil) }
    }

    @Test func shapesAreText() {
        #expect(SampleShape("1x28x28") == SampleShape(channels: 1, height: 28, width: 28))
        #expect(SampleShape("32X24") == SampleShape(channels: 1, height: 32, width: 24))
        #expect(SampleShape("3x32x24")?.description == "3x32x24")
        for text in ["", "28", "0x2x2", "1x2x3x4", "axb", "1x-2x3"] { #expect(SampleShape(text) == nil) }
    }
}
