import Foundation
import MPI
import Testing

@testable import Datasets

/// Labels that are values, centred and scaled before they become Floats.
@Suite struct LabelScaleTests {
    private func table(_ folder: TemporaryFolder, _ name: String, offset: Double, unit: Double) throws -> String {
        let lines = (0..<50).map { "\($0 % 7),\(offset + unit * Double($0 * 13 % 50) / 8)" }
        return try folder.write(name, "x,y\n" + lines.joined(separator: "\n") + "\n")
    }

    private func load(_ path: String, ranks: Int, _ scaling: LabelScaling, cache: DataCache.Place? = nil) throws
        -> CacheTests.Loaded
    {
        var options = AssemblyOptions()
        options.labelScaling = scaling
        var reading = ReadOptions()
        reading.label = "y"
        return try CacheTests.load(
            [path], ranks: ranks, kind: .values, reading: reading, options: options, cache: cache)
    }

    /// Whatever the unit and the zero of the labels, what is stored is the same, and the labels come back.
    @Test(
        arguments: [(0, 1), (0, 1e6), (0, 1e-6), (1e4, 1), (1.6e9, 1), (-1e7, 1e-2)] as [(Double, Double)], [1, 2, 3])
    func unitsAndZerosDoNotMatter(place: (offset: Double, unit: Double), ranks: Int) throws {
        let folder = try TemporaryFolder()
        let plain = try load(table(folder, "plain.csv", offset: 0, unit: 1), ranks: 1, .centred)
        let path = try table(folder, "a.csv", offset: place.offset, unit: place.unit)
        let found = try load(path, ranks: ranks, .centred)
        let scale = found.preprocessing.labels.scale
        for (one, other) in zip(found.training, plain.training) { #expect(abs(one.label - other.label) < 1e-5) }
        let values = (0..<50).map { place.offset + place.unit * Double($0 * 13 % 50) / 8 }
        let mean = values.reduce(0, +) / 50
        #expect(abs(scale.centre - mean) <= 1e-12 * max(abs(place.offset), place.unit))
        for value in values {
            #expect(abs(scale.value(scale.stored(value)) - value) <= 1e-12 * max(abs(place.offset), place.unit))
        }
        #expect(abs(found.training.reduce(0) { $0 + Double($1.label) }) < 1e-4)
        #expect(abs(found.training.reduce(0) { $0 + Double($1.label * $1.label) } / 50 - 1) < 1e-5)
        let alone = try load(path, ranks: 1, .centred)
        #expect(alone.preprocessing.labels == found.preprocessing.labels && alone.training == found.training)
    }

    @Test func scaledKeepsItsZeroAndNoneItsUnit() throws {
        let folder = try TemporaryFolder()
        let path = try table(folder, "a.csv", offset: 100, unit: 3)
        let scaled = try load(path, ranks: 2, .scaled)
        #expect(scaled.preprocessing.labels.scale.centre == 0)
        #expect(abs(scaled.training.reduce(0) { $0 + Double($1.label * $1.label) } / 50 - 1) < 1e-5)
        let none = try load(path, ranks: 2, .none)
        #expect(none.preprocessing.labels == .values(.none))
        #expect(none.training.map(\.label).max() == Float(100 + 3.0 * 49 / 8))
    }

    @Test func equalLabelsKeepTheirUnit() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.csv", "x,y\n1,7.5\n2,7.5\n3,7.5\n")
        let found = try load(path, ranks: 2, .centred)
        #expect(found.preprocessing.labels == .values(LabelScale(centre: 7.5, scale: 1)))
        #expect(found.training.allSatisfy { $0.label == 0 })
    }

    @Test func aCacheHoldsOneScaleAndServesNoOther() throws {
        let folder = try TemporaryFolder()
        let path = try table(folder, "a.csv", offset: 5e8, unit: 1)
        let place = DataCache.Place.folder(folder.path + "/cache")
        let plain = try load(path, ranks: 1, .centred)
        #expect(!(try load(path, ranks: 2, .centred, cache: place)).isFromCache)
        let cached = try load(path, ranks: 3, .centred, cache: place)
        #expect(cached.isFromCache && cached.equals(plain))
        #expect(!(try load(path, ranks: 2, .scaled, cache: place)).isFromCache)
    }

    /// Beyond `LabelSummary.cap` distinct labels the sums are over rows, and no less exact.
    @Test(arguments: [1, 3]) func manyDistinctLabels(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let count = LabelSummary.cap + 900
        let values = (0..<count).map { 1e8 + Double($0) / 3 }
        let path = try folder.write("a.csv", "x,y\n" + values.map { "1,\($0)\n" }.joined())
        let found = try load(path, ranks: ranks, .centred)
        let scale = found.preprocessing.labels.scale
        let mean = values.reduce(0) { $0 + $1 / Double(count) }
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) / Double(count) }
        #expect(abs(scale.centre - mean) < 1e-5)
        #expect(abs(scale.scale / variance.squareRoot() - 1) < 1e-9)
    }

    @Test func modelsOfBeforeHaveNoScale() throws {
        let decoder = JSONDecoder()
        let old = try decoder.decode(LabelEncoding.self, from: Data(#"{"values":{}}"#.utf8))
        #expect(old == .values(.none))
        let classes = try decoder.decode(LabelEncoding.self, from: Data(#"{"classes":{"_0":["a","b"]}}"#.utf8))
        #expect(classes == .classes(["a", "b"]))
        for encoding in [LabelEncoding.values(LabelScale(centre: 2, scale: 3)), classes] {
            #expect(try decoder.decode(LabelEncoding.self, from: JSONEncoder().encode(encoding)) == encoding)
        }
        #expect(throws: DecodingError.self) {
            try decoder.decode(LabelEncoding.self, from: Data(#"{"numbers":{}}"#.utf8))
        }
    }

    @Test(arguments: [1, 2, 3], [2, 3, 100, 101]) func outliersDoNotMoveTheRobustDeviation(ranks: Int, rows: Int) throws
    {
        let folder = try TemporaryFolder()
        let labels: [Double] = (0..<rows).map { (row: Int) -> Double in row % 10 == 9 ? 1e7 : Double(row - 30) / 4 }
        let path = try folder.write("a.csv", "x,y\n" + labels.map { "1,\($0)\n" }.joined())
        let all = try onRanks(ranks) { communicator in
            var reading = ReadOptions()
            reading.label = "y"
            return try DistributedTable.read([path], options: reading, communicator: communicator)
                .assembleTraining(labels: .values).training.robustLabelDeviation(communicator)
        }
        func median(_ values: [Double]) -> Double {
            let ordered = values.sorted()
            return (ordered[(rows - 1) / 2] + ordered[rows / 2]) / 2
        }
        let middle: Double = median(labels)
        let distances: [Double] = labels.map { $0 > middle ? $0 - middle : middle - $0 }
        let expected: Double = 1.4826 * median(distances)
        for found in all { #expect(abs(found - expected) <= 1e-4 * expected) }
    }
}
