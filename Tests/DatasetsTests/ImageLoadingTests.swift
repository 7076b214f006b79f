import MPI
import Testing

@testable import Datasets

/// Images from files to training rows, at several numbers of ranks.
@Suite struct ImageLoadingTests {
    private let rows = 203
    private var pixels: [UInt8] { (0..<rows * 20).map { $0 % 5 == 0 ? UInt8($0 * 37 % 256) : 0 } }
    private var labels: [UInt8] { (0..<rows).map { UInt8($0 % 7) } }

    private func load(
        _ paths: [String], ranks: Int, read: ReadOptions = ReadOptions(),
        _ change: (inout AssemblyOptions) -> Void = { _ in }
    ) throws -> (rows: [PlacedRow], data: [TrainingData]) {
        var options = AssemblyOptions()
        change(&options)
        let chosen = options
        let all = try onRanks(ranks) { communicator in
            try DistributedTable.read(paths, options: read, storage: chosen.wantedStorage, communicator: communicator)
                .assembleTraining(labels: .classes, options: chosen)
        }
        #expect(all.allSatisfy { $0.preprocessing == all[0].preprocessing })
        return (all.flatMap { $0.training.placedRows }.sorted { $0.position < $1.position }, all)
    }

    private func write(_ folder: TemporaryFolder) throws -> [[String]] {
        let half = rows / 2
        let parts = [0..<rows, 0..<half, half..<rows]
        let images = parts.map {
            ArrayBytes.idx([$0.count, 4, 5], Array(pixels[$0.lowerBound * 20..<$0.upperBound * 20]))
        }
        let names = parts.map { ArrayBytes.idx([$0.count], Array(labels[$0])) }
        for (index, name) in ["a", "b", "c"].enumerated() {
            _ = try folder.write(name + "-labels-idx1-ubyte", bytes: names[index])
            _ = try folder.write(name + "-images-idx3-ubyte", bytes: images[index])
            _ = try folder.write(name + "z-labels-idx1-ubyte.gz", bytes: GzipTests.compress(names[index]))
            _ = try folder.write(name + "z-images-idx3-ubyte.gz", bytes: GzipTests.compress(images[index]))
        }
        func path(_ name: String) -> String { folder.path + "/" + name }
        let npz = [
            ("x.npy", NPYTests.npy("|u1", shape: "(\(rows), 4, 5)", data: pixels)),
            ("y.npy", NPYTests.npy("|u1", shape: "(\(rows),)", data: labels)),
        ]
        return [
            [path("a-images-idx3-ubyte")], [path("az-images-idx3-ubyte.gz")],
            [path("b-images-idx3-ubyte"), path("cz-images-idx3-ubyte.gz")],
            [path("bz-images-idx3-ubyte.gz"), path("c-images-idx3-ubyte")],
            [try folder.write("d.npz", bytes: ArrayBytes.zip(npz, deflated: false))],
            [try folder.write("e.npz", bytes: ArrayBytes.zip(npz, deflated: true))],
            [try folder.write("f-images.npy.gz", bytes: GzipTests.compress(npz[0].1))],
        ]
    }

    @Test(arguments: [1, 2, 3, 5]) func allWaysToKeepThemAreEqual(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let ways = try write(folder)
        _ = try folder.write("f-labels.npy", bytes: NPYTests.npy("|u1", shape: "(\(rows),)", data: labels))
        let text = (0..<rows).map { row in
            let entries = (0..<20).filter { pixels[row * 20 + $0] > 0 }.map { " \($0 + 1):\(pixels[row * 20 + $0])" }
            return "\(labels[row])\(entries.joined())\n"
        }
        let svm = try folder.write("a.svm", text.joined())
        var reading = ReadOptions()
        reading.inputShape = SampleShape("1x4x5")
        let wanted = try load([svm], ranks: 1, read: reading).rows
        for way in ways {
            let (rows, data) = try load(way, ranks: ranks)
            #expect(rows == wanted, "\(way)")
            #expect(data.allSatisfy { $0.training.sampleShape == SampleShape("1x4x5") })
            #expect(data[0].preprocessing.sampleShape == SampleShape("1x4x5"))
        }
    }

    @Test(arguments: [1, 3]) func networksGetDensePixelsFromZeroToOne(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let ways = try write(folder)
        let (rows, data) = try load(ways[1], ranks: ranks) {
            $0.isForNetwork = true
            $0.seed = 5
            $0.augmentation = Augmentation(shift: 1)
            $0.validationFraction = 0.2
        }
        #expect(data[0].preprocessing.standardization.kind == .unit)
        #expect(data[0].preprocessing.standardization.scale == [Double](repeating: 255, count: 20))
        #expect(data[0].preprocessing.notes.contains("pixels are divided by 255, to [0, 1]"))
        #expect(rows.allSatisfy { $0.features.allSatisfy { ($0 * 255).rounded() == $0 * 255 && (0...1).contains($0) } })
        for part in data {
            guard case .dense = part.training.features else {
                Issue.record("rows of a network are dense")
                return
            }
            #expect(part.training.augmentation == Augmentation(shift: 1, seed: 5))
            #expect(part.validation?.augmentation == nil && part.validation?.sampleShape == SampleShape("1x4x5"))
            #expect(part.training.seed == 5)
        }
        let scaled = try load(ways[1], ranks: ranks) { $0.standardization = .zscore }
        #expect(scaled.data[0].preprocessing.standardization.kind == .zscore)
        // Sparse where nobody asks for more.
        let few = try folder.write("few.svm", (0..<40).map { "\($0 % 2) \($0 + 1):2\n" }.joined())
        let network = try load([few], ranks: ranks) { $0.isForNetwork = true }
        if case .sparse = network.data[0].training.features { Issue.record("rows of a network are dense") }
        if case .dense = try load([few], ranks: ranks).data[0].training.features { Issue.record("2.5 % is sparse") }
    }

    @Test func otherNumbersAreDividedByTheLargest() throws {
        let folder = try TemporaryFolder()
        for (factor, divisor) in [(1.0, 80.0), (0.01, 1.0)] {
            let text = (1...40).map { "\($0 % 2) 1:\(Double($0) * 2 * factor) 2:\(-Double($0) * factor)\n" }.joined()
            let path = try folder.write("a.svm", text)
            let scale = try load([path], ranks: 2) { $0.standardization = .unit }.data[0].preprocessing.standardization
                .scale
            #expect(scale == [divisor, divisor])
        }
    }

    /// What training learned about the shape is checked when the model is used.
    @Test(arguments: [1, 3]) func shapesAreChecked(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let ways = try write(folder)
        let turned = try folder.write("t-images", bytes: ArrayBytes.idx([rows, 5, 4], pixels))
        _ = try folder.write("t-labels", bytes: ArrayBytes.idx([rows], labels))
        func score(_ path: String) -> String {
            messages(ranks) { communicator in
                let table = try DistributedTable.read(ways[0], communicator: communicator)
                let preprocessing = try table.assembleTraining(labels: .classes).preprocessing
                #expect(try roundTrip(preprocessing) == preprocessing)
                let data = try DistributedTable.read([path], communicator: communicator).assemble(using: preprocessing)
                #expect(data.sampleShape == SampleShape("1x4x5"))
            }[ranks - 1]
        }
        #expect(score(ways[1][0]) == "no error")
        #expect(score(turned).contains("has images of 1x5x4, but the model was trained on 1x4x5"))
        func training(_ path: String, _ shape: String) -> String {
            messages(ranks) { communicator in
                var options = ReadOptions()
                options.inputShape = SampleShape(shape)
                return try DistributedTable.read([path], options: options, communicator: communicator).columns
            }[ranks - 1]
        }
        let svm = try folder.write("a.svm", "1 1:2 5:3\n0 2:1\n")
        #expect(training(svm, "1x2x3") == "no error")
        #expect(training(svm, "1x2x2").contains("`inputShape` 1x2x2 says 4 features, but"))
        let csv = try folder.write("a.csv", "a,b,c,y\n1,2,3,0\n4,5,6,1\n")
        #expect(training(csv, "1x1x3") == "no error")
        #expect(training(csv, "1x2x2").contains("state the shape of one row"))
        let refused = messages(ranks) { communicator in
            var options = AssemblyOptions()
            options.isForNetwork = true
            options.augmentation = Augmentation(flip: true)
            let table = try DistributedTable.read([csv], communicator: communicator)
            return try table.assembleTraining(labels: .classes, options: options).training.order.count
        }
        #expect(refused.allSatisfy { $0.contains("augmentation is for images") })
    }

    @Test(arguments: [1, 3]) func damageIsToldOnAllRanks(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let whole = ArrayBytes.idx([rows, 4, 5], pixels)
        _ = try folder.write("a-labels.gz", bytes: GzipTests.compress(ArrayBytes.idx([rows], labels)))
        let cut = try folder.write("a-images.gz", bytes: GzipTests.compress(Array(whole.dropLast(333))))
        let all = messages(ranks) { try DistributedTable.read([cut], communicator: $0).rows }
        #expect(all.allSatisfy { $0 == all[0] && $0.contains("a-images.gz: is cut off after") })
        let counts = messages(ranks) { communicator in
            var options = ReadOptions()
            options.labels = ["x", "y"]
            return try DistributedTable.read([cut], options: options, communicator: communicator).rows
        }
        #expect(counts.allSatisfy { $0.contains("`labels` is given 2 times for 1 data files") })
    }

    @Test func aCacheKeepsTheShape() throws {
        let folder = try TemporaryFolder()
        let ways = try write(folder)
        var options = AssemblyOptions()
        options.isForNetwork = true
        let chosen = options
        for (ranks, note) in [(2, "written to"), (2, "read from"), (3, "read from")] {
            let all = try onRanks(ranks) { communicator in
                let table = try DistributedTable.read(
                    ways[1], storage: chosen.wantedStorage,
                    cache: DataCache(.folder(folder.path + "/cache"), options: chosen), communicator: communicator)
                let data = try table.assembleTraining(labels: .classes, options: chosen)
                return (data.training.sampleShape, data.preprocessing, table.cacheNotes)
            }
            #expect(all.allSatisfy { $0.0 == SampleShape("1x4x5") && $0.2.contains { $0.hasPrefix(note) } })
            #expect(all[0].1 == (try load(ways[1], ranks: 1) { $0.isForNetwork = true }.data[0].preprocessing))
        }
    }
}
