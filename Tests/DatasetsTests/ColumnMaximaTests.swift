import MPI
import Testing

@testable import Datasets

/// What a data set says of its columns is what a look at its rows finds.
@Suite struct ColumnMaximaTests {
    @Test(arguments: [1, 2, 3, 4], [StorageKind.dense, .sparse])
    func areThoseOfTheRows(ranks: Int, storage: StorageKind) throws {
        let folder = try TemporaryFolder()
        // Values of many sizes, columns of zeros and ones, an empty one, and a far-out value.
        let path = try folder.write(
            "a.svm",
            libsvmText(rows: 203, columns: 9, density: 0.6)
                + (0..<60).map { "\($0 % 2) 3:\(-1e6 * Double($0 % 3)) 10:\($0 % 2) 12:\(0.1 + 1e-7 * Double($0))\n" }
                .joined())
        for kind in StandardizationKind.allCases {
            for fraction in [0, 0.3] {
                let found = try onRanks(ranks) { communicator in
                    var options = AssemblyOptions()
                    (options.storage, options.standardization, options.validationFraction) = (storage, kind, fraction)
                    let table = try DistributedTable.read([path], storage: storage, communicator: communicator)
                    let data = try table.assembleTraining(labels: .classes, options: options).training
                    return (said: data.columnMaxima, seen: data.features.largestMagnitudes())
                }
                let seen = found.map(\.seen).reduce([Float](repeating: 0, count: 12)) {
                    zip($0, $1).map { max($0, $1) }
                }
                for rank in found { #expect(rank.said == seen, "\(kind), \(fraction)") }
            }
        }
    }
}
