import MPI
import Testing

@testable import Datasets

@Suite struct AssemblyTests {
    private func train(
        _ paths: [String], ranks: Int = 2, kind: LabelKind = .classes, read: ReadOptions = ReadOptions(),
        _ options: AssemblyOptions = AssemblyOptions()
    ) throws -> (rows: [PlacedRow], validation: [PlacedRow], preprocessing: Preprocessing) {
        let all = try onRanks(ranks) { communicator in
            let table = try DistributedTable.read(paths, options: read, communicator: communicator)
            let data = try table.assembleTraining(labels: kind, options: options)
            return (data.training.placedRows, data.validation?.placedRows ?? [], data.preprocessing)
        }
        #expect(all.allSatisfy { $0.2 == all[0].2 })
        return (
            all.flatMap(\.0).sorted { $0.position < $1.position },
            all.flatMap(\.1).sorted { $0.position < $1.position }, all[0].2
        )
    }

    /// Mean 0 and population variance 1 of every column, also where magnitudes are large.
    @Test func zscoreCentresLargeMagnitudesInDouble() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "a.svm", (0..<50).map { "\($0 % 2) 1:\(1e9 + Double($0)) 2:\($0 % 7) 3:5\n" }.joined())
        let (rows, _, preprocessing) = try train([path], ranks: 3)
        #expect(preprocessing.standardization.kind == .mixed)
        for column in 0..<2 {
            let values = rows.map { Double($0.features[column]) }
            let mean = values.reduce(0, +) / 50
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 50
            #expect(abs(mean) < 1e-6 && abs(variance - 1) < 1e-5)
        }
        // Column 3 is constant: 0, scale 1, and said so.
        #expect(rows.allSatisfy { $0.features[2] == 0 })
        #expect(preprocessing.standardization.scale[2] == 1 && preprocessing.standardization.mean[2] == 5)
        #expect(preprocessing.notes.contains { $0.hasPrefix("1 of 3 features have the same value") })
        // Spacing of 1 at 1e9 is kept, which Float alone would lose.
        #expect(Set(rows.map { $0.features[0] }).count == 50)
    }

    /// Categories stay 0 and 1, whatever their share; numbers that happen to lie between are scaled.
    @Test(arguments: [1, 3], [StorageKind.dense, .sparse])
    func indicatorsAreLeftAsTheyAre(ranks: Int, storage: StorageKind) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "a.svm",
            (0..<60).map { row in
                "\(row % 2) \(row == 7 ? "1:1 " : "")\(row % 3 == 0 ? "2:1 " : "")3:\(Double(row % 5) / 4) 4:\(row % 2 * 2)\n"
            }.joined())
        var options = AssemblyOptions()
        options.storage = storage
        let (rows, _, preprocessing) = try train([path], ranks: ranks, options)
        #expect(preprocessing.standardization.kind == .mixed)
        #expect(preprocessing.notes.contains { $0.contains("but for 2 of zeros and ones") })
        #expect(rows.count { $0.features[0] == 1 } == 1 && rows.count { $0.features[0] == 0 } == 59)
        #expect(rows.count { $0.features[1] == 1 } == 20 && rows.count { $0.features[1] == 0 } == 40)
        for column in 2..<4 {
            #expect(abs(rows.reduce(0) { $0 + $1.features[column] }) < 1e-4)
            #expect(abs(rows.reduce(0) { $0 + $1.features[column] * $1.features[column] } - 60) < 1e-3)
        }
    }

    /// Rows of weight 0 count nowhere: not in means, scales, labels, N or the order of rows.
    @Test(arguments: [1, 2, 3]) func rowsOfWeightZeroAreAsGoodAsLeftOut(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let kept = (0..<40).map { "\(Double($0 * 7 % 11) / 4),\($0 % 5),\(1 + $0 % 3),\($0 % 2)" }
        let all = kept.enumerated().flatMap { index, line in
            index % 3 == 0 ? ["1e6,-1e6,0,1", line] : index % 7 == 0 ? [line, "5,5,0,7"] : [line]
        }
        let header = "a,b,w,y\n"
        let short = try folder.write("kept.csv", header + kept.joined(separator: "\n") + "\n")
        let long = try folder.write("all.csv", header + all.joined(separator: "\n") + "\n")
        var read = ReadOptions()
        read.label = "y"
        read.weight = "w"
        var options = AssemblyOptions()
        options.validationFraction = 0.2
        let expected = try train([short], ranks: 1, read: read, options)
        let found = try train([long], ranks: ranks, read: read, options)
        #expect(found.rows == expected.rows && found.validation == expected.validation)
        #expect(found.preprocessing.standardization == expected.preprocessing.standardization)
        #expect(found.preprocessing.labels == expected.preprocessing.labels)
        #expect(found.preprocessing.notes.contains("\(all.count - 40) rows of weight 0 are left out"))
    }

    @Test func sparseDataDefaultsToMaxAbsWhateverTheStorage() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", (1...60).map { "\($0 % 2) \($0):\(-2 * $0)\n" }.joined())
        for storage in [nil, StorageKind.dense, .sparse] {
            var options = AssemblyOptions()
            options.storage = storage
            let (rows, _, preprocessing) = try train([path], options)
            #expect(preprocessing.standardization.kind == .maxabs)
            #expect(rows.allSatisfy { row in row.features.reduce(0) { $0 + abs($1) } == 1 && row.squaredNorm == 1 })
        }
    }

    @Test(arguments: [StandardizationKind.mixed, .zscore, .maxabs, .none], [1, 3])
    func coefficientsInOriginalUnitsPredictTheSame(kind: StandardizationKind, outputs: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 40, columns: 6, density: 0.6))
        var options = AssemblyOptions()
        options.standardization = kind
        let scaled = try train([path], options)
        options.standardization = StandardizationKind.none
        let raw = try train([path], options).rows
        var generator = TestGenerator(state: 5)
        let weights = (0..<6 * outputs).map { _ in Double.random(in: -1...1, using: &generator) }
        let intercepts = (0..<outputs).map { _ in Double.random(in: -1...1, using: &generator) }
        let original = scaled.preprocessing.standardization.originalCoefficients(
            weights: weights, intercepts: intercepts)
        func margin(_ row: PlacedRow, _ weights: [Double], _ intercepts: [Double], _ output: Int) -> Double {
            intercepts[output] + (0..<6).reduce(0) { $0 + weights[$1 * outputs + output] * Double(row.features[$1]) }
        }
        for (a, b) in zip(scaled.rows, raw) {
            for output in 0..<outputs {
                let difference =
                    margin(a, weights, intercepts, output)
                    - margin(b, original.weights, original.intercepts, output)
                #expect(abs(difference) < 1e-4)
            }
        }
    }

    @Test(arguments: [1, 2, 4]) func validationRowsAreSplitOffByTheirNumber(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 400, columns: 3, density: 0.5))
        var options = AssemblyOptions()
        options.validationFraction = 0.25
        options.seed = 7
        options.standardization = StandardizationKind.none
        let one = try train([path], ranks: 1, options)
        let many = try train([path], ranks: ranks, options)
        #expect(one.rows == many.rows && one.validation == many.validation)
        #expect(abs(many.validation.count - 100) < 50)
        #expect(many.rows.map(\.position) == Array(0..<many.rows.count))
        #expect(many.validation.map(\.position) == Array(0..<many.validation.count))
        let numbers = (many.rows + many.validation).map { Int(($0.features[0] * 1000).rounded()) }
        #expect(numbers.sorted() == Array(1...400))
        // The order is a new one, not that of the file.
        #expect(many.rows.map { $0.features[0] } != many.rows.map { $0.features[0] }.sorted())
        options.seed = 8
        #expect(
            Set(try train([path], options).validation.map { $0.features[0] })
                != Set(one.validation.map { $0.features[0] }))
    }

    /// Statistics come from the training rows alone.
    @Test func validationRowsDoNotReachTheStandardisation() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 90, columns: 4, density: 0.8))
        var options = AssemblyOptions()
        options.validationFraction = 0.4
        let (rows, _, _) = try train([path], ranks: 3, options)
        for column in 0..<4 {
            #expect(abs(rows.reduce(0) { $0 + Double($1.features[column]) }) / Double(rows.count) < 1e-6)
        }
    }

    @Test func classesAreSortedAndNamed() throws {
        let folder = try TemporaryFolder()
        let numbers = try folder.write("a.svm", "10 1:1\n-1 1:2\n2.5 1:3\n-1 1:4\n")
        let (rows, _, preprocessing) = try train([numbers])
        #expect(preprocessing.labels == .classes(["-1", "2.5", "10"]))
        #expect(Set(rows.map(\.label)) == [0, 1, 2])
        let text = try folder.write("a.csv", "x,class\n1,spruce\n2,pine\n3,oak\n4,pine\n")
        let named = try train([text], ranks: 3)
        #expect(named.preprocessing.labels == .classes(["oak", "pine", "spruce"]))
        #expect(named.rows.filter { $0.label == 1 }.count == 2)
    }

    @Test(arguments: [1, 2, 4]) func weightsHaveMeanOne(ranks: Int) throws {
        let folder = try TemporaryFolder()
        var read = ReadOptions()
        read.weight = "w"
        read.label = "y"
        let path = try folder.write(
            "a.csv", "x,w,y\n" + (1...30).map { "\($0),\($0 % 4),\(Double($0) / 2)\n" }.joined())
        let (rows, _, preprocessing) = try train([path], ranks: ranks, kind: .values, read: read)
        #expect(rows.count == 23, "rows of weight 0 are left out")
        #expect(abs(rows.reduce(0) { $0 + $1.weight } / 23 - 1) < 1e-5)
        #expect(preprocessing.featureCount == 1)
    }

    @Test func preprocessingSurvivesEncoding() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.csv", "x,city,y\n1,Rome,a\n2,Oslo,b\n,Rome,a\n4,,b\n")
        let (_, _, preprocessing) = try train([path])
        #expect(try roundTrip(preprocessing) == preprocessing)
    }
}
