import Platform
import Telemetry

/// Tells `launch` with which code the program ends: launchers change it.
package enum ExitNote {
    package static let variable = "CRESCENDO_EXIT_NOTE"

    /// A name for a note, in the present folder or else at home, as ranks on other hosts see them. Another name each time:
    /// file systems of networks remember that a file was not there.
    package static func fresh(job: String?) throws -> String {
        let here = String(absolutePath("").dropLast())
        guard
            let folder = [here, Environment["HOME"]].compactMap({ $0 }).first(where: { access($0, W_OK | X_OK) == 0 })
        else {
            throw StartError(
                description:
                    "launch cannot write to the folder \(ShellWord.quoted(here)), where the ranks leave word of "
                    + "how they ended; start it in another one")
        }
        let name = [".crescendo-exit", job, "\(getpid())", "\(Int(monotonicSeconds() * 1000))"]
        return folder + "/" + name.compactMap { $0 }.joined(separator: "-")
    }

    /// Called on rank 0 at the end of the program.
    package static func write(_ code: Int32) {
        if let path = Environment[variable] { try? AtomicFile.write("\(code)\n", to: path) }
    }

    /// Where a rank leaves word that somebody sent it SIGTERM or SIGINT, should it come to no orderly end; nil: `launch` has
    /// not started it.
    package static var mark: String? { Environment[variable].map { $0 + ".signal" } }

    /// Reads a note and the word of a signal, and removes them.
    package static func take(_ path: String) -> (code: Int32?, signal: Int32?) {
        func number(_ path: String) -> Int32? {
            let text = try? WholeFile.text(of: path)
            unlink(path)
            return text.flatMap { Int32($0.prefix { $0 != "\n" }) }
        }
        return (number(path), number(path + ".signal"))
    }
}
