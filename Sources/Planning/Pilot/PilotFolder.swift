import Platform
import Telemetry

/// The folder that a pilot writes `pilot.html` and `pilot.json` to. Used by rank 0.
package struct PilotFolder {
    package let path: String
    package var page: String { path + "/pilot.html" }
    package var json: String { path + "/pilot.json" }

    /// Makes the folder where it is missing, and refuses one that holds something else.
    package static func prepare(output: String?, data: [String], overwrite: Bool) throws -> PilotFolder {
        var path = output ?? freshPath(data)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let folder = PilotFolder(path: path)
        var partial = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            partial += part
            if mkdir(partial, 0o777) != 0, errno != EEXIST, errno != EISDIR { throw failure("cannot create", path) }
            partial += "/"
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw PilotError(description: "--output \(path) is a file; give a folder")
        }
        if !overwrite, lstat(folder.json, &status) == 0 || lstat(folder.page, &status) == 0 {
            throw PilotError(
                description: "--output \(path) holds a pilot; choose another folder, or --overwrite to replace it")
        }
        guard access(path, W_OK | X_OK) == 0 else { throw failure("cannot write to", path) }
        return folder
    }

    package func write(_ file: PilotFile) throws {
        try AtomicFile.write(try file.encoded(), to: json)
        try AtomicFile.write(PilotPage(file: file).html, to: page)
    }

    /// pilots/NAME-20250131T142501Z, with -2, -3, … when taken.
    private static func freshPath(_ data: [String]) -> String {
        let file = data.first?.split(separator: "/").last ?? "data"
        let name = file.prefix { $0 != "." }
        let stamp = timestamp().filter { $0 != "-" && $0 != ":" }
        let base = "pilots/\(name.isEmpty ? "data" : name)-\(stamp)"
        var status = stat()
        var path = base
        var number = 2
        while lstat(path, &status) == 0 {
            path = "\(base)-\(number)"
            number += 1
        }
        return path
    }

    private static func failure(_ what: String, _ path: String) -> PilotError {
        PilotError(description: "\(what) \(path): \(String(cString: strerror(errno))) (option --output)")
    }
}
