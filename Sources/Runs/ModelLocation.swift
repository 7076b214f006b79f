import MPI
import Models
import Platform

/// What `--model` names: a run folder, or a model file by itself.
package struct ModelLocation {
    package let path: String
    package let isFolder: Bool

    package init(_ path: String) {
        var status = stat()
        isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    package var modelPath: String { isFolder ? path + "/model.safetensors" : path }

    package var hasModel: Bool { access(modelPath, F_OK) == 0 }

    /// What is wrong with a model file: of a run there is a better remedy than the error's own.
    package static func withoutRemedy(_ error: any Error) -> String {
        let text = "\(error)"
        let end = ["; copy it again", ". Copy it again"].compactMap { text.firstRange(of: $0)?.lowerBound }.min()
        return String(text[..<(end ?? text.endIndex)])
    }

    package func read() throws -> ModelFile {
        if isFolder, access(path, R_OK | X_OK) != 0 {
            throw ModelError("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        if isFolder, !hasModel {
            throw ModelError("\(path) holds no model.safetensors: the run in it did not finish, or it is no run folder")
        }
        return try ModelFile.read(modelPath)
    }
}
