import Datasets
import Kernels
import Platform

/// Images and labels of the MNIST family, from unpacked IDX files, pixels scaled to [0, 1].
struct Images {
    var count = 0
    var height = 0
    var width = 0
    var pixels: [UInt8] = []
    var labels: [UInt8] = []

    init(images: String, labels: String) throws {
        let data = try Self.bytes(images)
        func number(_ at: Int) -> Int { data[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
        (count, height, width) = (number(4), number(8), number(12))
        pixels = Array(data[16...])
        self.labels = Array(try Self.bytes(labels)[8...])
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw DatasetError("cannot read \(path)") }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: ftell(file))
        rewind(file)
        guard fread(&bytes, 1, bytes.count, file) == bytes.count else { throw DatasetError("cannot read \(path)") }
        return bytes
    }

    /// This rank's part of the rows in a seeded random order, with `margin` zeros round each image.
    func dataset(_ rows: [Int], margin: Int, ranks: Int, rank: Int) -> Dataset {
        let order = DataOrder(count: rows.count, ranks: ranks, rank: rank)
        let shape = SampleShape(channels: 1, height: height + 2 * margin, width: width + 2 * margin)
        let matrix = DenseMatrix(rows: order.localCount, columns: shape.count)
        let targets = AlignedBuffer<Float>(count: order.localCount)
        for local in 0..<order.localCount {
            let row = rows[order.position(ofLocal: local)]
            for y in 0..<height {
                for x in 0..<width {
                    matrix.row(local)[(y + margin) * shape.width + x + margin] =
                        Float(pixels[(row * height + y) * width + x]) / 255
                }
            }
            targets[local] = Float(labels[row])
        }
        var dataset = Dataset(
            order: order, features: .dense(matrix), labels: targets,
            squaredNorms: AlignedBuffer(count: order.localCount))
        dataset.sampleShape = shape
        return dataset
    }

    /// 0 ..< count, shuffled.
    static func shuffled(_ count: Int, seed: UInt64) -> [Int] {
        var state = seed &+ 1
        var rows = Array(0..<count)
        for index in rows.indices.dropLast() {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            rows.swapAt(index, index + Int((state >> 33) % UInt64(count - index)))
        }
        return rows
    }
}
