import ArgumentParser
import Evaluation
import Models
import Platform

/// Where `--coefficients-file` goes.
struct CoefficientsPath: ExpressibleByArgument, Sendable {
    let path: String
    let isJSON: Bool

    /// nil: neither a .csv nor a .json.
    init?(argument: String) {
        path = argument
        isJSON = argument.lowercased().hasSuffix(".json")
        guard isJSON || argument.lowercased().hasSuffix(".csv") else { return nil }
    }

    /// Throws where something is there already, or nothing can be.
    func check() throws {
        guard access(path, F_OK) != 0 else {
            throw FileWriteError(path: path, reason: "it exists; choose another --coefficients-file, or move it away")
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard access(folder, W_OK) == 0 else {
            throw FileWriteError(path: path, reason: String(cString: strerror(errno)))
        }
    }

    /// Throws `ModelError` for a network.
    func write(_ file: ModelFile) throws {
        guard let coefficients = CoefficientsFile(file) else {
            throw ModelError(
                "--coefficients-file \(path): a network has no coefficients by column; leave the option out")
        }
        try AtomicFile.write(isJSON ? coefficients.json.indentedText : coefficients.csv, to: path)
    }
}
