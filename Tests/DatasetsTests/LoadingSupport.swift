import Foundation
import Kernels
import MPI
import TestSupport

@testable import Datasets

/// A folder for one test's files, removed at the end.
final class TemporaryFolder: @unchecked Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/crescendo-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        return path + "/" + name
    }

    /// Writes a file in gzip format; `members` cuts it into that many gzip members.
    func writeGzip(_ name: String, _ text: String) throws -> String {
        let plain = try write(name + ".tmp", text)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "gzip -c '\(plain)' > '\(path)/\(name)'"]
        try process.run()
        process.waitUntilExit()
        return path + "/" + name
    }
}

/// One row as training sees it, at its global position.
struct PlacedRow: Hashable, Sendable {
    var position: Int
    var label: Float
    var weight: Float
    /// The true row: centring applied.
    var features: [Float]
    var squaredNorm: Float
}

extension Dataset {
    /// This rank's rows, written out.
    var placedRows: [PlacedRow] {
        (0..<order.localCount).map { row in
            var features = [Float](repeating: 0, count: self.features.columns)
            switch self.features {
            case .dense(let matrix):
                for column in features.indices { features[column] = matrix.row(row)[column] }
            case .sparse(let matrix):
                for entry in matrix.rowOffsets[row]..<matrix.rowOffsets[row + 1] {
                    features[Int(matrix.columnIndices[entry])] = matrix.values[entry]
                }
                if let shift { for column in features.indices { features[column] -= shift[column] } }
            }
            return PlacedRow(
                position: order.position(ofLocal: row), label: labels[row], weight: weights?[row] ?? 1,
                features: features, squaredNorm: squaredNorms[row])
        }
    }
}

/// All ranks' rows in the order of their positions; the ranks' errors are thrown (they must be equal).
func onRanks<R: Sendable>(_ ranks: Int, _ body: @escaping @Sendable (any Communicator) throws -> R) throws -> [R] {
    try ThreadCommunicator.run(ranks: ranks, body).map { try $0.get() }
}

/// The messages of all ranks, which must all have failed.
func messages<R: Sendable>(_ ranks: Int, _ body: @escaping @Sendable (any Communicator) throws -> R) -> [String] {
    ThreadCommunicator.run(ranks: ranks, body).map { result in
        switch result {
        case .success: "no error"
        case .failure(let error): "\(error)"
        }
    }
}

/// A numbers-only generator for test data.
struct TestGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mix64(state)
    }
}

/// LIBSVM text with the row number as feature 1 (in thousandths), so that rows can be told apart.
func libsvmText(rows: Int, columns: Int, density: Double, seed: UInt64 = 1) -> String {
    var generator = TestGenerator(state: seed)
    var text = ""
    for row in 0..<rows {
        text += "\([-1, 1, 3][row % 3]) 1:\(Double(row + 1) / 1000)"
        for column in 2...columns where Double.random(in: 0..<1, using: &generator) < density {
            text += " \(column):\((Double.random(in: -4..<9, using: &generator) * 1000).rounded() / 1000)"
        }
        text += "\n"
    }
    return text
}

extension TemporaryFolder {
    func write(_ name: String, bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
        return path + "/" + name
    }
}

func fileBytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

func roundTrip<T: Codable>(_ value: T) throws -> T {
    try JSONDecoder().decode(T.self, from: JSONEncoder().encode(value))
}

extension TemporaryFolder {
    /// Writes a file and the folders above it.
    func make(_ name: String, _ text: String) throws -> String {
        let parent = URL(fileURLWithPath: path + "/" + name).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        return try write(name, text)
    }
}

/// What a callback was told.
final class Collected<Value> {
    private(set) var all: [Value] = []
    func add(_ value: Value) { all.append(value) }
}
