import MPI
import TestSupport
import Testing

@testable import Datasets

/// Which rows of the files the positions of a data set hold.
@Suite struct RowOriginsTests {
    private func numbers(
        _ path: String, test: Double?, validation: Double, ranks: Int
    ) throws -> [[(label: Double, row: Int)]] {
        let found = try onRanks(ranks) { communicator in
            var reading = ReadOptions()
            reading.label = "y"
            var options = AssemblyOptions()
            options.validationFraction = validation
            options.seed = 3
            var table = try DistributedTable.read([path], options: reading, communicator: communicator)
            var held: DistributedTable?
            if let test { (table, held) = try table.split(holding: test, seed: 3, isStratified: false) }
            let data = try table.assembleTraining(labels: .values, options: options)
            let parts = [data.training, data.validation, try held?.assemble(using: data.preprocessing)]
            return try parts.map { part -> [(label: Double, row: Int)] in
                guard let part else { return [] }
                let all = Array(0..<part.order.count)
                let rows = try part.origins?.rows(at: all, communicator) ?? []
                var labels = [Double](repeating: 0, count: all.count)
                for row in 0..<part.order.localCount {
                    labels[part.order.position(ofLocal: row)] = data.preprocessing.labels.scale.value(
                        Double(part.labels[row]))
                }
                labels = try communicator.allreduce(labels, .sum)
                return zip(labels, rows).map { (label: $0, row: $1) }
            }
        }
        return found[0]
    }

    /// The label is the row's number.
    @Test(arguments: [1, 2, 3, 4]) func everyPositionKnowsItsRow(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", "x,y\n" + (0..<700).map { "\($0 % 13),\($0)\n" }.joined())
        for test in [nil, 0.3] {
            for validation in [0, 0.2] {
                let parts = try numbers(path, test: test, validation: validation, ranks: ranks)
                #expect(parts.flatMap { $0 }.map(\.row).sorted() == Array(0..<700))
                #expect(parts[1].isEmpty == (validation == 0) && parts[2].isEmpty == (test == nil))
                for part in parts {
                    for pair in part { #expect(abs(pair.label - Double(pair.row)) < 1e-3, "\(pair)") }
                }
            }
        }
    }
}
