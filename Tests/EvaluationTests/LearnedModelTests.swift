import Datasets
import MPI
import Models
import Platform
import TestSupport
import Testing

@testable import Evaluation

/// What is said of a model beside the rows themselves.
@Suite struct LearnedModelTests {
    private struct Case {
        var file: ModelFile
        var dataset: Dataset
        /// Texts of the table, row by row.
        var rows: [[String]]
    }

    /// Trains nothing: parameters are drawn.
    private func table(rows count: Int, kind: ModelKind, scaling: StandardizationKind?, seed: UInt64) throws -> Case {
        var data = SampleData(seed: seed)
        let cities = ["Paris", "Lyon", "Nice", "Metz"]
        let rows = (0..<count).map { row -> [String] in
            let size = data.next() > 0.8 ? "" : "\(Float(data.next() * 30 + 5))"
            let city = cities[min(3, Int((data.next() + 1) * 1.3))]
            let flag = data.next() > 0.5 ? "1" : "0"
            let label =
                kind.labels == .values
                ? "\(Float(data.next()))" : ["no", "yes", "maybe"][row % (kind == .softmax ? 3 : 2)]
            return [size, city, flag, label]
        }
        let folder = TemporaryFolder()
        let path = folder.path + "/a.csv"
        let text = "size,city,flag,y\n" + rows.map { $0.joined(separator: ",") + "\n" }.joined()
        try AtomicFile.write(text, to: path)
        let communicator = SoloCommunicator()
        var reading = ReadOptions()
        reading.label = "y"
        var options = AssemblyOptions()
        options.standardization = scaling
        options.storage = .dense
        let loaded = try DistributedTable.read([path], options: reading, communicator: communicator)
            .assembleTraining(labels: kind.labels ?? .values, options: options)
        let specification = ModelSpecification(
            kind: kind, featureCount: loaded.preprocessing.featureCount,
            classCount: loaded.preprocessing.labels.classCount)
        let model = try specification.makeModel()
        let parameters = (0..<model.parameterCount).map { _ in Float(data.next()) }
        return Case(
            file: ModelFile(
                specification: specification, parameters: parameters, preprocessing: loaded.preprocessing,
                meanSquares: loaded.training.columnSquares, version: "0"),
            dataset: loaded.training, rows: rows)
    }

    /// Its own folder that goes with it.
    private final class TemporaryFolder {
        let path = absentFolder + "-\(UInt64.random(in: 0 ... .max))"
        init() { mkdir(path, 0o755) }
        deinit {
            unlink(path + "/a.csv")
            rmdir(path)
        }
    }

    /// The deviation of what a column adds, row by row, in the space trained in.
    private func influence(_ place: Range<Int>, _ one: Case) -> Double {
        let outputs = one.file.specification.outputCount
        guard case .dense(let matrix) = one.dataset.features else { return .nan }
        let rows = one.dataset.order.count
        let unit = one.file.preprocessing.labels.scale.scale
        var total = 0.0
        for output in 0..<outputs {
            let parts = (0..<rows).map { row in
                place.reduce(0.0) { sum, column in
                    let value = Double(matrix.row(row)[column]) - Double(one.dataset.shift?[column] ?? 0)
                    return sum + unit * Double(one.file.parameters[column * outputs + output]) * value
                }
            }
            let mean = parts.reduce(0, +) / Double(rows)
            total += parts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)
        }
        return (total / Double(outputs)).squareRoot()
    }

    @Test(
        arguments: [ModelKind.logistic, .softmax, .ridge, .squaredHinge],
        [StandardizationKind.mixed, .zscore]
    ) func influenceIsTheDeviationOfWhatAColumnAdds(kind: ModelKind, scaling: StandardizationKind) throws {
        let one = try table(rows: 600, kind: kind, scaling: scaling, seed: 3)
        let learned = try #require(LearnedModel(one.file))
        #expect(learned.columns.count == 3 && learned.influencesCompare)
        #expect(learned.columns.map(\.influence) == learned.columns.map(\.influence).sorted(by: >))
        let schema = try #require(one.file.preprocessing.schema)
        var start = 0
        for column in schema.columns {
            let places = start..<start + column.width
            start = places.upperBound
            let found = try #require(learned.columns.first { $0.name == column.name })
            let wanted = influence(places, one)
            #expect(abs(found.influence - wanted) < 1e-4 * wanted, "\(column.name) \(found.influence) \(wanted)")
        }
    }

    /// Coefficients of the file and the values of the table make the outputs.
    @Test(arguments: [ModelKind.logistic, .softmax, .ridge]) func coefficientsPredict(kind: ModelKind) throws {
        let one = try table(rows: 120, kind: kind, scaling: .mixed, seed: 9)
        let written = try #require(CoefficientsFile(one.file))
        let json = try JSON(text: written.json.text)
        let outputs = json["intercepts"]?.array?.compactMap(\.double) ?? []
        var margins: [[Double]] = []
        for row in one.rows {
            var sums = outputs
            for column in json["columns"]?.array ?? [] {
                for feature in column["features"]?.array ?? [] {
                    let name = feature["name"]?.string ?? ""
                    let text =
                        column["name"]?.string == "city" ? row[1] : column["name"]?.string == "flag" ? row[2] : row[0]
                    let value: Double
                    if name.hasSuffix("is missing") {
                        value = text.isEmpty ? 1 : 0
                    } else if name.hasPrefix("city=") {
                        value = name == "city=" + text ? 1 : 0
                    } else if text.isEmpty {
                        guard case .numeric(let mean)? = one.file.preprocessing.schema?.columns[0].kind else {
                            continue
                        }
                        value = mean
                    } else {
                        value = try #require(Double(text))
                    }
                    let numbers = feature["coefficients"]?.array?.compactMap(\.double) ?? []
                    for (place, number) in numbers.enumerated() { sums[place] += number * value }
                }
            }
            margins.append(sums)
        }
        let predictions = try one.file.predict(one.dataset)
        let width = one.file.specification.outputCount
        let origins = try #require(one.dataset.origins)
        let numbers = try origins.rows(at: Array(0..<one.dataset.order.count), SoloCommunicator())
        #expect(numbers.sorted() == Array(0..<120))
        for (place, row) in numbers.enumerated() {
            for output in 0..<width {
                let predicted = Double(predictions[place * width + output])
                let margin = margins[row][output]
                let wanted: Double
                switch kind {
                case .logistic: wanted = 1 / (1 + exp(-margin))
                case .softmax: wanted = exp(margin) / margins[row].reduce(0) { $0 + exp($1) }
                default:
                    wanted =
                        (margin - one.file.preprocessing.labels.scale.centre)
                        / one.file.preprocessing.labels.scale.scale
                }
                #expect(abs(predicted - wanted) < 1e-5 * (1 + abs(wanted)))
            }
        }
    }

    @Test func whatIsStoredIsReadBack() throws {
        for kind in [ModelKind.logistic, .softmax, .ridge] {
            let file = try table(rows: 90, kind: kind, scaling: .mixed, seed: 5).file
            let learned = try #require(LearnedModel(file))
            let read = try #require(LearnedModel(json: learned.json))
            #expect(read.json == learned.json)
            for (first, second) in zip(read.columns, learned.columns) {
                #expect(read.describe(first) == learned.describe(second))
            }
        }
    }

    /// The table for other programs has a line for each feature and output, and its fields are quoted.
    @Test func aLineForEachFeature() throws {
        let one = try table(rows: 90, kind: .softmax, scaling: .mixed, seed: 6)
        let lines = try #require(CoefficientsFile(one.file)).csv.split(separator: "\n")
        #expect(lines.count == 1 + 3 + 3 * one.file.specification.featureCount)
        #expect(CSVText.field("a,\"b\"") == "\"a,\"\"b\"\"\"" && CSVText.field(" a") == "\" a\"")
    }
}
